"""What a run folder holds, read so that a missing or damaged file becomes a remark and never a crash."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.common.errors import InputError

_KNOWN = ("config.toml", "metrics.jsonl", "result.json", "env.json", "schema.json")
_SPLITS = ("test", "validation", "train")
_NOT_TRAINED = ("attack",)
"""Verbs whose runs train nothing, so that there is no curve to miss."""


@dataclass(frozen=True)
class Record:
    """The plain files of one run.

    Args:
        path: the run's folder.
        config: ``config.toml``, empty where absent.
        environment: ``env.json``, empty where absent.
        result: ``result.json``, empty while the run has not ended.
        rows: the lines of ``metrics.jsonl`` in order.
        evaluations: ``evaluation-<split>.json`` by split, test first.
        robustness: ``robustness-<suite>-<norm>-<eps>.json`` by the rest of the name.
        remarks: what is missing or cannot be read, in words for the reader.
    """

    path: Path
    config: dict[str, Any]
    environment: dict[str, Any]
    result: dict[str, Any]
    rows: list[dict[str, Any]]
    evaluations: dict[str, dict[str, Any]]
    robustness: dict[str, dict[str, Any]]
    remarks: list[str]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    @property
    def finished(self) -> bool:
        """Whether the run has left its answer."""
        return bool(self.result)

    @property
    def verb(self) -> str:
        """The verb that made the run."""
        return str(self.result.get("verb") or self.config.get("verb") or "run")

    @property
    def model(self) -> str:
        """Name of the model, or ``unknown model``."""
        return str(self.result.get("model") or _inside(self.config, "model", "name") or "unknown model")

    @property
    def data(self) -> str:
        """Where the data came from, or ``unknown data``."""
        return str(self.result.get("data") or _inside(self.config, "data", "origin") or "unknown data")

    @property
    def parent(self) -> Path | None:
        """Folder of the run that this one came from, existing or not; None for a first run."""
        named = self.result.get("parent") or self.config.get("parent")
        if not isinstance(named, str) or not named:
            return None
        here = self.path.resolve()
        candidates = [here / named, here.parent / named, Path(named)]
        return next((folder.resolve() for folder in candidates if folder.is_dir()), candidates[0].resolve())


def _inside(table: dict[str, Any], *keys: str) -> Any:
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def is_run(path: Path) -> bool:
    """Whether a folder holds at least one of a run's files."""
    measured = (any(path.glob(f"{kind}-*.json")) for kind in ("evaluation", "robustness"))
    return any((path / name).is_file() for name in _KNOWN) or any(measured)


def read_record(path: Path) -> Record:
    """Read a run folder.

    Raises:
        InputError: the folder is not there, or nothing in it belongs to a run.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError(f"no run at '{path}': expected a folder that burnish made, such as runs/0001-fit")
    if not is_run(path):
        raise InputError(f"'{path}' is not a run: expected at least one of {', '.join(_KNOWN)} in it")
    remarks: list[str] = []
    evaluations = {}
    for file in sorted(path.glob("evaluation-*.json"), key=lambda f: _split_order(f.stem)):
        if content := _table(file, remarks):
            evaluations[file.stem.removeprefix("evaluation-")] = content
    robustness = {}
    for file in sorted(path.glob("robustness-*.json")):
        if content := _table(file, remarks):
            robustness[file.stem.removeprefix("robustness-")] = content
    config = _table(path / "config.toml", remarks)
    return Record(
        path=path,
        config=config,
        environment=_table(path / "env.json", remarks),
        result=_table(path / "result.json", remarks),
        rows=[] if config.get("verb") in _NOT_TRAINED else _rows(path / "metrics.jsonl", remarks),
        evaluations=evaluations,
        robustness=robustness,
        remarks=remarks,
    )


def _split_order(stem: str) -> tuple[int, str]:
    split = stem.removeprefix("evaluation-")
    return (_SPLITS.index(split) if split in _SPLITS else len(_SPLITS), split)


def _table(file: Path, remarks: list[str]) -> dict[str, Any]:
    if not file.is_file():
        if file.name == "result.json":
            remarks.append("This run has no result yet: it is still going, or it was interrupted.")
        else:
            remarks.append(f"{file.name} is missing.")
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        remarks.append(f"{file.name} cannot be read: {error}.")
        return {}
    if not isinstance(content, dict):
        remarks.append(f"{file.name} cannot be read: expected a table, found {type(content).__name__}.")
        return {}
    return content


def _rows(file: Path, remarks: list[str]) -> list[dict[str, Any]]:
    if not file.is_file():
        remarks.append("metrics.jsonl is missing: there are no learning curves.")
        return []
    rows, broken = [], 0
    with open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                broken += bool(line.strip())
                continue
            if isinstance(row, dict):
                rows.append(row)
    if broken:
        remarks.append(f"metrics.jsonl has {broken} unreadable line{'s' if broken > 1 else ''}, left out here.")
    return rows


def finite(value: Any) -> float | None:
    """The number, or None for anything that is not a finite one.

    >>> finite(3), finite(True), finite(float("nan")), finite("3")
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
