"""``config.toml``: what was asked of a verb, fully resolved; a person can read it, a program can replay it."""

from __future__ import annotations

import types
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from burnish.common.errors import InputError
from burnish.common.files import write_atomically

T = TypeVar("T")
Config = dict[str, Any]


def plain_options(options: Any) -> Config:
    """The fields of an options dataclass as TOML can hold them.

    TOML has no null: a field that is None is left out, and so is None inside a field's dict.

    >>> from dataclasses import make_dataclass
    >>> plain_options(make_dataclass("Options", ["out", "seed"])(Path("runs"), None))
    {'out': 'runs'}
    """
    return {f.name: _plain(getattr(options, f.name)) for f in fields(options) if getattr(options, f.name) is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, str | bool | int | float):
        return value
    if hasattr(value, "tolist"):  # a NumPy number
        return value.tolist()
    raise InputError(f"a config cannot hold a {type(value).__name__}: expected numbers, texts, lists and dicts of them")


def write_config(path: Path, config: Config) -> None:
    """Write ``config.toml`` into a run folder.

    Raises:
        InputError: a value that TOML cannot hold.
        OSError: the disk is full or not writable.
    """
    import tomli_w

    write_atomically(path / "config.toml", tomli_w.dumps(_plain(config)))


def read_options(cls: type[T], table: Config) -> T:
    """Options from the table of a config; the inverse of :func:`plain_options`.

    Raises:
        InputError: the table names an option that this version does not have.

    >>> from dataclasses import make_dataclass
    >>> read_options(make_dataclass("Options", [("out", Path)]), {"out": "runs"}).out
    PosixPath('runs')
    """
    known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    strange = sorted(set(table) - set(known))
    if strange:
        raise InputError(f"the run's config has options that this version does not know: {', '.join(strange)}")
    hints = get_type_hints(cls)
    return cls(**{name: _typed(hints[name], value) for name, value in table.items()})


def _typed(annotation: Any, value: Any) -> Any:
    """A path where TOML has a text, a tuple where it has a list."""
    is_union = get_origin(annotation) in (Union, types.UnionType)
    for arm in get_args(annotation) if is_union else (annotation,):
        if arm is Path and isinstance(value, str):
            return Path(value)
        if get_origin(arm) is tuple and isinstance(value, list):
            return tuple(_typed(get_args(arm)[0], item) for item in value)
    return value
