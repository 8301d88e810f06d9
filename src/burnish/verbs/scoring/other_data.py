"""Data that a run was not fitted on, read as the run reads its own: same columns, codes, classes and sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data import Data, Schema, Source, load
from burnish.data.shards.pattern import names_shards
from burnish.data.tables.source import TableSource
from burnish.data.tables.table import encode_rows
from burnish.data.text import UNKNOWN, TextSource
from burnish.runs import Run

_SPLITS = ("train", "validation", "test")


def own_data(run: Run) -> Data:
    """The run's own data, loaded again.

    Raises:
        InputError: they came from memory, are gone, or have changed so that the run's codes no longer hold.
    """
    data = run.data
    if data.schema != run.schema:
        raise InputError(
            f"{data.name} is no longer what run {run.path.name} was fitted on: {_difference(data.schema, run.schema)}; "
            "bring the old data back, or give the new ones with --data"
        )
    return data


def other_data(run: Run, given: Any) -> Data:
    """Load other data and bring them to the run's schema.

    Classes may be fewer than the run's, and in another order; a table may have more columns; a text is read with the
    run's vocabulary.

    Args:
        run: whose schema and split shares count.
        given: anything that :func:`burnish.data.load` takes.

    Raises:
        InputError: the data cannot be loaded, or do not fit the run.
    """
    data = load(given, seed=run.config["data"]["seed"], **_options(run, given))
    if data.schema == run.schema:
        return data
    table = _rows_by_schema(data, run.schema) if run.schema.kind == "table" == data.schema.kind else {}
    codes = _code_map(data.schema.vocabulary, run.schema, data.name) if run.schema.kind == "text" else None
    fitting = replace(data.schema, target=run.schema.target, vocabulary=run.schema.vocabulary)
    if table or _alike(data.schema, run.schema):
        fitting = replace(fitting, columns=run.schema.columns, input_shape=run.schema.input_shape)
    known = {name: label for label, name in enumerate(run.schema.classes)}
    if set(data.schema.classes) <= set(known):
        fitting = replace(fitting, classes=run.schema.classes)
    if fitting != run.schema:
        raise InputError(f"{data.name} does not fit run {run.path.name}: {_difference(fitting, run.schema)}")
    labels = torch.tensor([known[name] for name in data.schema.classes], dtype=torch.int64)
    splits: dict[str, Source] = {}
    for name in _SPLITS:
        source: Source = table.get(name, getattr(data, name))
        if codes is not None and isinstance(source, TextSource):
            source = TextSource(codes[source.codes.long()], source.length)
        splits[name] = Relabelled(source, labels) if data.schema.classes != run.schema.classes else source
    return Data(data.name, run.schema, **splits, origin=data.origin, notes=data.notes)


class Relabelled(Source):
    """A source whose labels are renumbered.

    Args:
        source: with class labels as targets.
        labels: new label of every old one, ``(old classes,)``.

    >>> from burnish.data import TensorSource
    >>> Relabelled(TensorSource(torch.zeros(2), torch.tensor([0, 1])), torch.tensor([4, 2])).labels().tolist()
    [4, 2]
    """

    def __init__(self, source: Source, labels: Tensor) -> None:
        self.source = source
        self.mapped = labels
        self.in_memory = source.in_memory
        self.draws = source.draws

    def __len__(self) -> int:
        return len(self.source)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The samples, with their new labels."""
        inputs, targets = self.source.gather(index)
        return inputs, self.mapped.to(targets.device)[targets]

    def labels(self) -> Tensor | None:
        """All new labels, where they are known."""
        labels = self.source.labels()
        return None if labels is None else self.mapped.to(labels.device)[labels]

    def to(self, device: torch.device) -> Source:
        """The same samples, held on a device."""
        return Relabelled(self.source.to(device), self.mapped)

    def describe(self, index: int) -> str:
        """What a person calls this sample."""
        return self.source.describe(index)


def _options(run: Run, given: Any) -> dict[str, Any]:
    """Reading options of the run that mean something for other data, and those that its schema fixes."""
    record, schema = run.config["data"], run.schema
    if isinstance(given, Data):
        return {}
    is_named = isinstance(given, str | Path)
    if is_named and str(given) in (record.get("origin"), record["name"]):
        return dict(record["options"])
    options = {name: record["options"][name] for name in ("validation", "test") if name in record["options"]}
    path = Path(given).expanduser() if is_named else None
    if path is None or path.suffix.lower() == ".npz":
        return options | ({"goal": record["options"]["goal"]} if "goal" in record["options"] else {})
    if schema.kind == "image" and (path.is_dir() or names_shards(str(given))):
        return options | {"input_size": schema.input_shape[1]}
    if path.is_file() and schema.kind == "table":
        return options | {"goal": schema.goal, "target": schema.target}
    if path.is_file() and schema.kind == "text":
        return options | {"sequence_length": schema.input_shape[0]}
    return options


def _alike(found: Schema, expected: Schema) -> bool:
    """Whether the columns are the same but for gaps, so that the codes are."""
    names, wanted = ([(c.name, c.kind, c.categories) for c in schema.columns] for schema in (found, expected))
    return names == wanted


def _rows_by_schema(data: Data, schema: Schema) -> dict[str, Source]:
    """The splits of a table file, encoded with the run's categories instead of the file's own."""
    splits: dict[str, Source] = {}
    if data.origin is None or not isinstance(data.train, TableSource):
        return splits
    rows = encode_rows(schema, data.origin)
    for name in _SPLITS:
        source = getattr(data, name)
        splits[name] = TableSource(rows[source.numbers - 1], source.targets, source.numbers, source.name)
    return splits


def _code_map(vocabulary: tuple[str, ...], schema: Schema, name: str) -> Tensor:
    """The run's code of every symbol of another text."""
    known = {symbol: code for code, symbol in enumerate(schema.vocabulary)}
    strange = [symbol for symbol in vocabulary if symbol not in known]
    if strange and UNKNOWN not in known:
        told = ", ".join(map(repr, strange[:10])) + (f" and {len(strange) - 10} more" if len(strange) > 10 else "")
        raise InputError(f"{name} has symbols that the run's text does not have: {told}; remove or replace them")
    return torch.tensor([known.get(symbol, known.get(UNKNOWN, 0)) for symbol in vocabulary], dtype=torch.int32)


def _difference(found: Schema, expected: Schema) -> str:
    """The first thing in which two schemas differ, in words."""
    if (found.kind, found.input_shape) != (expected.kind, expected.input_shape):
        return f"{found.kind} {found.input_shape}, expected {expected.kind} {expected.input_shape}"
    if found.goal != expected.goal:
        return f"the goal is {found.goal}, expected {expected.goal}"
    if found.classes != expected.classes:
        strange = [name for name in found.classes if name not in expected.classes]
        new = f"class '{strange[0]}' is not one of {', '.join(expected.classes[:20])}"
        return new if strange else f"{len(found.classes)} classes, expected {len(expected.classes)}"
    if found.columns != expected.columns:
        names, wanted = ([column.name for column in schema.columns] for schema in (found, expected))
        return (
            "the columns hold other kinds or categories" if names == wanted else f"columns {names}, expected {wanted}"
        )
    if found.vocabulary != expected.vocabulary:
        return f"{len(found.vocabulary)} symbols, expected {len(expected.vocabulary)}"
    return f"the target is '{found.target}', expected '{expected.target}'"
