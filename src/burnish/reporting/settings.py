"""Configuration and environment as rows of names and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from burnish.reporting.formats import ABSENT


def by_section(config: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The options that stand alone, under ``run``, then each section with its nested names joined by dots.

    >>> list(by_section({"verb": "fit", "model": {"name": "mlp", "options": {"width": 16}}}))
    [('run', [('verb', 'fit')]), ('model', [('name', 'mlp'), ('options.width', '16')])]
    """
    alone = [(key, plain(value)) for key, value in config.items() if not isinstance(value, dict)]
    if alone:
        yield "run", alone
    for name, table in config.items():
        if isinstance(table, dict) and table:
            rows = [(key, plain(value)) for key, value in flat(table) if value != {}]
            if rows:
                yield name, rows


def flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of nested tables, with its path joined by dots."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def plain(value: Any) -> str:
    """A setting as text; lists and empty tables as JSON."""
    if value is None:
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
