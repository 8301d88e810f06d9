"""``config.toml``: what was asked of a verb, fully resolved, in a form that a person can read and a program can replay."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from burnish.common.errors import InputError
from burnish.common.files import write_atomically

T = TypeVar("T")
Config = dict[str, Any]


def plain_options(options: Any) -> Config:
    """The fields of an options dataclass as TOML can hold them; None is left out, since TOML has no null."""
    return {f.name: _plain(getattr(options, f.name)) for f in fields(options) if getattr(options, f.name) is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def write_config(path: Path, config: Config) -> None:
    """Write ``config.toml`` into a run folder."""
    import tomli_w

    write_atomically(path / "config.toml", tomli_w.dumps(_plain(config)))


def read_options(cls: type[T], table: Config) -> T:
    """Options from the table of a config; the inverse of :func:`plain_options`.

    Raises:
        InputError: the table names an option that this version does not have.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    strange = sorted(set(table) - set(known))
    if strange:
        raise InputError(f"the run's config has options that this version does not know: {', '.join(strange)}")
    paths = {"out", "parent", "resume", "run", "to"}
    return cls(**{name: Path(value) if name in paths else value for name, value in table.items()})
