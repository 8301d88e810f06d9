"""From the option ``augment`` to a training split that changes at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from burnish.common.errors import InputError
from burnish.data.data import Data
from burnish.data.source import Source
from burnish.verbs.fit import Fit

if TYPE_CHECKING:
    from burnish.data.augment.rows import RowAugmentation
    from burnish.data.augment.symbols import SymbolAugmentation


def augmented(options: Fit, data: Data, task: str) -> tuple[Fit, Source]:
    """The options with the augmentation spelt out, and the training split under it; the other splits stay as they are.

    Two samples are tried, so that what cannot be is told before a run is made.

    Args:
        options: as the user gave them, or as a run recorded them.
        data: what is to be learnt from.
        task: name of the task.

    Raises:
        InputError: an operation is unknown, cannot be, or is not for data of this kind.
    """
    spec = as_spec(options.augment)
    if spec == "none" or not spec:
        return replace(options, augment="none"), data.train
    if len(data.train) == 0:
        raise InputError(f"there is nothing to augment: the training split of {data.name} is empty")
    told, source = _KINDS[data.schema.kind](spec, data, options.seed, task)
    if source is data.train:
        return replace(options, augment="none"), source
    source.gather(torch.arange(min(2, len(source))))
    return replace(options, augment=tuple(told)), source


def as_spec(given: str | Sequence[Any]) -> str | list[Any]:
    """A name, or a list of operations; one word from a shell is a name.

    >>> as_spec(("medium",)), as_spec(("rotate", "cutout"))
    ('medium', ['rotate', 'cutout'])
    """
    if isinstance(given, str):
        return given
    words = list(given)
    return words[0] if len(words) == 1 and isinstance(words[0], str) else words


def augmented_images(
    spec: str | list[Any], data: Data, seed: int, task: str = "classification", kinds: Mapping[str, str] | None = None
) -> tuple[list[dict[str, Any]], Source]:
    """What is done to images, as plain data that is itself a spec, and the training split under it.

    Args:
        spec: a name or a list of operations.
        data: what is to be learnt from.
        seed: the user's seed.
        task: name of the task, which has to take mixed targets where samples are mixed.
        kinds: what each target is, where they are a dict of tensors.
    """
    from burnish.data.augment.presets import parse
    from burnish.data.augment.source import AugmentedSource

    shape = data.schema.input_shape
    augmentation = parse(spec, shape).prepared(data.train)
    if not augmentation:
        return [], data.train
    _check_mixing(augmentation, data, task)
    classes, canvas = len(data.schema.classes), (shape[1], shape[2])
    source = AugmentedSource(data.train, augmentation, seed, canvas=canvas, kinds=kinds, classes=classes)
    return augmentation.to_list(), source


def _rows(spec: str | list[Any], data: Data, seed: int, task: str) -> tuple[list[dict[str, Any]], Source]:
    from burnish.data.augment.rows import parse_rows

    return _changed(parse_rows(spec), data, seed, task)


def _texts(spec: str | list[Any], data: Data, seed: int, task: str) -> tuple[list[dict[str, Any]], Source]:
    from burnish.data.augment.symbols import parse_symbols

    return _changed(parse_symbols(spec), data, seed, task)


def _changed(
    augmentation: RowAugmentation | SymbolAugmentation, data: Data, seed: int, task: str
) -> tuple[list[dict[str, Any]], Source]:
    from burnish.data.augment.changed_source import ChangedSource

    _check_mixing(augmentation, data, task)
    prepared = augmentation.prepared(data.schema, data.train)
    classes = len(data.schema.classes) if data.schema.goal == "classification" else 0
    return prepared.to_list(), ChangedSource(data.train, prepared, seed, classes=classes)


def _check_mixing(augmentation: Any, data: Data, task: str) -> None:
    """Refuse samples that cannot be mixed, and tasks that do not take the targets of mixed ones."""
    from burnish.data.augment.mixing import Mixing

    mixing = Mixing.among(augmentation.operations)
    mixing.check(data.schema)
    if mixing and task not in ("classification", "regression"):
        names = ", ".join(operation.name for operation in mixing.operations)
        raise InputError(f"{names} gives targets that task {task} does not take: leave it out, or fit a classification")


_KINDS: dict[str, Callable[[str | list[Any], Data, int, str], tuple[list[dict[str, Any]], Source]]] = {
    "image": augmented_images,
    "table": _rows,
    "points": _rows,
    "text": _texts,
}
"""How each kind of data is augmented: what is written into the config, and the source."""
