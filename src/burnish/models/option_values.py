"""Fit the value of a model's option, from a shell, a file or Python, to what the builder declares."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from burnish.common.errors import InputError

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", types.NoneType: "none"}


def fit_option(label: str, value: Any, annotation: Any) -> Any:
    """The value as the annotation asks for it.

    ``int``, ``float``, ``str``, ``bool``, ``None``, ``Literal``, ``Sequence[int]`` (also of one number, or of a text
    such as ``"64,32"``), ``Mapping`` and unions of these are known; anything else passes as it is.

    Raises:
        InputError: the value fits no alternative.

    >>> from collections.abc import Sequence
    >>> fit_option("hidden", "64,32", Sequence[int])
    (64, 32)
    """
    is_union = get_origin(annotation) in (Union, types.UnionType)
    alternatives = get_args(annotation) if is_union else (annotation,)
    for alternative in alternatives:
        fits, fitted = _try(value, alternative)
        if fits:
            return fitted
    raise InputError(f"{label} must be {' or '.join(map(_expected, alternatives))}, got {value!r}")


def _try(value: Any, wanted: Any) -> tuple[bool, Any]:
    origin = get_origin(wanted)
    if origin is Literal:
        return value in get_args(wanted), value
    if origin is Sequence:
        return _try_sequence(value, get_args(wanted)[0])
    if origin is Mapping:
        return isinstance(value, Mapping), value
    if wanted is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number, float(value) if is_number else value
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    if wanted in _WORDS:
        return isinstance(value, wanted), value
    return True, value


def _try_sequence(value: Any, item: Any) -> tuple[bool, Any]:
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",") if part.strip()]
        value = [int(part) for part in parts] if item is int and all(part.isdigit() for part in parts) else None
    elif not isinstance(value, Sequence):
        value = (value,)
    if value is None or not all(_try(part, item)[0] for part in value):
        return False, value
    return True, tuple(value)


def _expected(wanted: Any) -> str:
    origin = get_origin(wanted)
    if origin is Literal:
        return " or ".join(repr(choice) for choice in get_args(wanted))
    if origin is Sequence:
        return "whole numbers such as 64,32"
    return "a mapping" if origin is Mapping else _WORDS.get(wanted, "something else")
