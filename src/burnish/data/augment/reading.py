"""Operations from plain data: what a recipe, the command line or a run's config says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.data.augment.operation import Operation

OperationT = TypeVar("OperationT", bound=Operation)


def read_operations(
    spec: str | Sequence[str | Mapping[str, Any]], known: Mapping[str, type[OperationT]]
) -> tuple[OperationT, ...]:
    """A list of operations.

    Args:
        spec: names with commas between, or a list of names and of tables with a name and fields.
        known: what there is, by name.

    Raises:
        InputError: a name or field is unknown, or a value cannot be.

    >>> from burnish.data.augment.pixels import Cutout
    >>> read_operations([{"name": "cutout", "share": 1}], {"cutout": Cutout})
    (Cutout(probability=1.0, share=1.0, holes=1),)
    """
    if isinstance(spec, str):
        spec = [name.strip() for name in spec.split(",")]
    if not isinstance(spec, Sequence):
        raise InputError(f"augmentation must be names or a list of operations, got {type(spec).__name__} {spec!r}")
    return tuple(read_operation(entry, known) for entry in spec)


def read_operation(entry: object, known: Mapping[str, type[OperationT]]) -> OperationT:
    """One operation, from its name or from a table with its name and fields.

    Raises:
        InputError: the name or a field is unknown, or a value cannot be.
    """
    given = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise InputError(f"an operation is a name, or a table with a name and fields, got {entry!r}")
    name = given["name"]
    if name not in known:
        raise unknown("operation of augmentation", name, known)
    operation = known[name]
    types = {field.name: str(field.type) for field in fields(operation)}
    values = {}
    for field, value in given.items():
        if field == "name":
            continue
        if field not in types:
            raise InputError(
                f"{name} has no field '{field}'{did_you_mean(field, types)}: expected {', '.join(sorted(types))}"
            )
        values[field] = _converted(f"{field} of {name}", types[field], value)
    return operation(**values)


def _converted(what: str, wanted: str, value: Any) -> Any:
    """A plain value as the type that the field's annotation names; lists become the tuples of a frozen dataclass."""
    wanted = wanted.removesuffix(" | None")
    if wanted == "float" and _is_number(value):
        return float(value)
    if wanted == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if wanted == "str" and isinstance(value, str):
        return value
    if wanted == "tuple[float, float]" and isinstance(value, list | tuple) and len(value) == 2:
        if all(map(_is_number, value)):
            return float(value[0]), float(value[1])
    elif wanted.startswith("tuple[tuple[float"):
        rows: Sequence[Any] = value if isinstance(value, list | tuple) else [None]
        if all(isinstance(row, list | tuple) and all(map(_is_number, row)) for row in rows):
            return tuple(tuple(map(float, row)) for row in rows)
    names = {
        "float": "a number",
        "int": "a whole number",
        "str": "a text",
        "tuple[float, float]": "two numbers, low and high",
    }
    raise InputError(f"{what} must be {names.get(wanted, 'rows of numbers')}, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
