"""A run as a Python object: its model, its numbers, its parent."""

from __future__ import annotations

import json
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate
from burnish.data.schema import Schema
from burnish.runs.metrics import read_metrics

if TYPE_CHECKING:
    from torch import nn

    from burnish.data.data import Data
    from burnish.tasks.task import Task


class Run:
    """What a run folder holds. Nothing is read before it is asked for.

    Attributes:
        path: the folder.
        trust: whether the import path of a user's own module may be followed.
    """

    def __init__(self, path: Path, model: nn.Module | None = None, *, trust: bool = False) -> None:
        self.path = path
        self.trust = trust
        self._given = model
        self._data: Data | None = None

    @cached_property
    def config(self) -> dict[str, Any]:
        """Every option of the verb, resolved, and the records of model and data.

        Raises:
            InputError: the folder is not a run, or its config cannot be read.
        """
        try:
            return tomllib.loads((self.path / "config.toml").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"'{self.path}' is not a run: it has no config.toml; expected a folder such as runs/0001-fit"
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{self.path / 'config.toml'} cannot be read: {error}") from None

    @cached_property
    def schema(self) -> Schema:
        """What the samples are.

        Raises:
            InputError: ``schema.json`` is missing or damaged.
        """
        file = self.path / "schema.json"
        try:
            return Schema.from_dict(_read_json(file))
        except (KeyError, TypeError) as error:
            raise InputError(f"{file} is damaged: it does not describe data ({error})") from None

    @property
    def result(self) -> dict[str, Any]:
        """The verb's answer, or an empty dict while there is none."""
        file = self.path / "result.json"
        return _read_json(file) if file.exists() else {}

    @property
    def metrics(self) -> dict[str, dict[str, Estimate]]:
        """Metrics with intervals by split: ``run.metrics["validation"]["accuracy"].value``."""
        by_split: dict[str, dict[str, Any]] = dict(self.result.get("metrics", {}))
        for split in ("train", "validation", "test"):
            file = self.path / f"evaluation-{split}.json"
            if file.exists():
                by_split[split] = _read_json(file).get("metrics", {})
        try:
            return {s: {n: Estimate(**numbers) for n, numbers in found.items()} for s, found in by_split.items()}
        except TypeError as error:
            raise InputError(f"the metrics of run {self.path} are damaged: {error}; evaluate it again") from None

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``."""
        return read_metrics(self.path / "metrics.jsonl")

    @cached_property
    def parent(self) -> Run | None:
        """The run that this one came from."""
        found = self.config.get("parent")
        return Run((self.path / found).resolve()) if found else None

    @cached_property
    def task(self) -> Task:
        """What a batch of this run's data means."""
        from burnish.tasks import create

        return create(self.config["task"]["name"], self.schema, **self.config["task"].get("options", {}))

    @cached_property
    def model(self) -> nn.Module:
        """The resulting model in evaluation mode; on the CPU, unless it was given. It takes raw inputs.

        Raises:
            InputError: the run did not finish, its weights are damaged or do not fit, or the model is the user's own
                and was neither given nor trusted.
        """
        from burnish.common.seeding import preserved_rng
        from burnish.runs.model_record import build, has_shapes_of, load_weights
        from burnish.runs.surgery import read_surgery, rebuild_

        model, weights = self._given, self.path / "model.safetensors"
        if model is None:
            with preserved_rng():  # weights are drawn before they are replaced
                model = build(self.config["model"], self.schema, trust=self.trust)
        if self.config["model"].get("surgery") and not has_shapes_of(model, weights):
            rebuild_(model, read_surgery(self.path))
        load_weights(model, weights)
        return model.eval()

    @property
    def data(self) -> Data:
        """The data of this run, loaded again with the same split.

        Raises:
            InputError: the run was made from tensors that lived in another process.
        """
        if self._data is None:
            from burnish.data import load

            record = self.config["data"]
            if "origin" not in record:
                raise InputError(f"run {self.path} was made from data in memory: pass data= with the same tensors")
            self._data = load(record["origin"], seed=record["seed"], **record["options"])
        return self._data

    def remember(self, data: Data | None = None, model: nn.Module | None = None) -> Run:
        """Keep objects of this process, so that they need not be loaded again."""
        if data is not None:
            self._data = data
        if model is not None:
            self.__dict__["model"] = model
        return self

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


def _read_json(file: Path) -> dict[str, Any]:
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"run {file.parent} has no {file.name}: it is not whole; fit again") from None
    except ValueError as error:
        raise InputError(
            f"{file} is damaged: {error}; fit again, or evaluate again where it is an evaluation"
        ) from None
    if not isinstance(plain, dict):
        raise InputError(f"{file} is damaged: expected a JSON object, got a {type(plain).__name__}")
    return plain


def load_run(path: str | Path | Run, model: nn.Module | None = None, *, trust: bool = False) -> Run:
    """Open a run folder. Of what is in it, only the config is read now.

    Args:
        path: the folder, or a run, which is given back as it is unless a model or trust is added.
        model: the run's module, where it is the user's own; its weights are loaded into it.
        trust: follow the import path that the run recorded for a user's own module.

    Raises:
        InputError: the folder is not a run.
    """
    if isinstance(path, Run):
        if model is None and trust in (False, path.trust):
            return path
        again = Run(path.path, path._given if model is None else model, trust=trust or path.trust)
        return again.remember(path._data, path.__dict__.get("model") if model is None else None)
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise InputError(f"there is no run '{path}': expected a folder such as runs/0001-fit")
    run = Run(folder.resolve(), model, trust=trust)
    _ = run.config
    return run
