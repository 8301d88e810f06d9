"""Turn what a user gave (a word in a shell, a value in a recipe or in Python) into the type an option asks for."""

from __future__ import annotations

import math
import operator
import re
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from burnish.common.errors import InputError, did_you_mean

_FRACTION = re.compile(r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*/\s*([\d.]+(?:e[+-]?\d+)?)\s*", re.IGNORECASE)


class _MismatchError(Exception):
    """The value does not have the type; not an error yet, since another arm of a union may take it."""


def arms(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union, or the annotation alone.

    >>> arms(int | None)
    (<class 'int'>, <class 'NoneType'>)
    """
    if get_origin(annotation) is Annotated:
        return arms(get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or get_origin(annotation) is Union:
        return tuple(arm for member in get_args(annotation) for arm in arms(member))
    return (annotation,)


def is_flag(annotation: Any) -> bool:
    """Whether the option is switched on and off instead of taking a value: ``bool`` or ``bool | None``."""
    return bool in arms(annotation) and set(arms(annotation)) <= {bool, types.NoneType}


def is_many(annotation: Any) -> bool:
    """Whether the option holds several values (a tuple, a list or a mapping) and so may be given again."""
    return any(get_origin(arm) in (tuple, list, dict) for arm in arms(annotation))


def expected(annotation: Any) -> str:
    """What an option takes, in words.

    >>> expected(float | None), expected(tuple[int, ...]), expected(Literal["a", "b"])
    ('a number', 'whole numbers', 'one of a, b')
    """
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    plural = {int: "whole numbers", float: "numbers", str: "texts", Path: "paths"}
    told = []
    for arm in arms(annotation):
        origin = get_origin(arm)
        if origin is Literal:
            told.append("one of " + ", ".join(str(choice) for choice in get_args(arm)))
        elif origin is dict:
            told.append("pairs of name=value")
        elif origin in (tuple, list):
            inner = [item for item in get_args(arm) if item is not Ellipsis]
            told.append(plural.get(inner[0], "several values") if len(set(inner)) == 1 else "several values")
        elif arm is not types.NoneType:
            told.append(words.get(arm, getattr(arm, "__name__", str(arm))))
    return " or ".join(told)


def convert(label: str, annotation: Any, value: Any, *, from_text: bool = False) -> Any:
    """The value in the type of the annotation, where nothing is lost on the way.

    A whole number becomes a float and a text becomes a path; a text becomes a number only if it was typed in a shell,
    or is a fraction such as ``8/255``.

    Args:
        label: what the user calls the option, for the error.
        annotation: the resolved type of the option.
        value: what came.
        from_text: the value is a word (or a list of words) from a shell.

    Raises:
        InputError: the value has another type, or is not one of the choices.

    >>> convert("--ema", float | None, "0.999", from_text=True)
    0.999
    >>> convert("epochs", int, "8")
    Traceback (most recent call last):
    burnish.common.errors.InputError: epochs expects a whole number, got the text '8'
    """
    for arm in arms(annotation):
        try:
            return _convert(arm, value, from_text)
        except _MismatchError:
            continue
    choices = [str(choice) for arm in arms(annotation) if get_origin(arm) is Literal for choice in get_args(arm)]
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    raise InputError(f"{label} expects {expected(annotation)}, got {_told(value, from_text)}{hint}")


def _told(value: Any, from_text: bool) -> str:
    if isinstance(value, str):
        return repr(value) if from_text else f"the text '{value}'"
    if value is None or isinstance(value, bool | int | float | list | tuple | dict):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def _convert(kind: Any, value: Any, from_text: bool) -> Any:
    origin = get_origin(kind)
    if origin is Literal:
        return _choice(get_args(kind), value, from_text)
    if origin in (tuple, list):
        return _several(kind, value, from_text)
    if origin is dict:
        return _pairs(kind, value, from_text)
    if kind is types.NoneType:
        if value is None or (from_text and value == "none"):
            return None
    elif kind is bool:
        if isinstance(value, bool):
            return value
        if from_text and value in ("true", "false"):
            return value == "true"
    elif kind is int:
        return _whole(value, from_text)
    elif kind is float:
        return _number(value, from_text)
    elif kind is Path:
        if isinstance(value, str | Path):
            return Path(value).expanduser()
    elif kind is Any or isinstance(value, kind):
        return value
    raise _MismatchError


def _choice(choices: tuple[Any, ...], value: Any, from_text: bool) -> Any:
    for choice in choices:
        if (type(value) is type(choice) and value == choice) or (from_text and str(choice) == value):
            return choice
    raise _MismatchError


def _whole(value: Any, from_text: bool) -> int:
    if isinstance(value, bool) or (isinstance(value, str) and not from_text):
        raise _MismatchError
    try:
        return int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        raise _MismatchError from None


def _number(value: Any, from_text: bool) -> float:
    is_text = isinstance(value, str)
    fraction = _FRACTION.fullmatch(value) if is_text else None
    typed = from_text or fraction is not None
    if isinstance(value, bool) or (is_text and not typed) or not (is_text or hasattr(value, "__float__")):
        raise _MismatchError
    try:
        number = float(fraction[1]) / float(fraction[2]) if fraction else float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        raise _MismatchError from None
    if math.isnan(number):
        raise _MismatchError
    return number


def is_number(word: str) -> bool:
    """Whether a word of a shell is a number or a fraction, so that ``-1/255`` is no option.

    >>> is_number("-8/255"), is_number("-1e-3"), is_number("--eps"), is_number("1/0")
    (True, True, False, False)
    """
    try:
        _number(word, from_text=True)
    except _MismatchError:
        return False
    return True


def _several(kind: Any, value: Any, from_text: bool) -> Any:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise _MismatchError
    inner = get_args(kind)
    is_open = get_origin(kind) is list or inner[-1] is Ellipsis
    kinds = inner[:1] * len(value) if is_open else inner
    if len(kinds) != len(value):
        raise _MismatchError
    items = []
    for item_kind, item in zip(kinds, value, strict=True):
        for arm in arms(item_kind):
            try:
                items.append(_convert(arm, item, from_text))
                break
            except _MismatchError:
                continue
        else:
            raise _MismatchError
    return items if get_origin(kind) is list else tuple(items)


def _pairs(kind: Any, value: Any, from_text: bool) -> dict[str, Any]:
    if from_text and isinstance(value, list):
        value = dict(_pair(word) for word in value)
    if not isinstance(value, Mapping):
        raise _MismatchError
    inner = get_args(kind)[1]
    return {str(key): convert(str(key), inner, item) for key, item in value.items()}


def _pair(word: str) -> tuple[str, Any]:
    name, separator, text = word.partition("=")
    if not separator or not name:
        raise _MismatchError
    return name.replace("-", "_"), read_scalar(text)


def read_scalar(text: str) -> Any:
    """A value as TOML writes it, or the text itself where it is not TOML, so that quotes may be left out.

    >>> read_scalar("3"), read_scalar("true"), read_scalar("[1, 2]"), read_scalar("adam")
    (3, True, [1, 2], 'adam')
    """
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return found["value"] if set(found) == {"value"} else text
