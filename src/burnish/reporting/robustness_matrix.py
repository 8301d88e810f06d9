"""Who is fooled by what was made on whom, as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from burnish.reporting.formats import percent, read_estimate

_LEVELS = 9


@dataclass(frozen=True)
class HeatCell:
    """One accuracy; ``level`` 0-9 grows with what was lost, ``hint`` says it in words."""

    text: str
    level: int
    hint: str


@dataclass(frozen=True)
class HeatMap:
    """Accuracy of each model (column) under what was made on each (row).

    Args:
        names: of the models.
        attack: that was made on them.
        rows: name and cells; the first row is without any attack.
    """

    names: list[str]
    attack: str
    rows: list[tuple[str, list[HeatCell]]]


def heat_map(told: Any) -> HeatMap | None:
    """Lay out a transfer matrix; None where it is none.

    >>> half = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 9}
    >>> heat_map({"names": ["a"], "clean": [half], "robust": [[half]], "noise": [[half]], "attack": "pgd"}).rows[1][0]
    'made on a'
    """
    if not isinstance(told, dict):
        return None
    table: dict[str, Any] = told
    names, clean = table.get("names"), table.get("clean")
    robust: Any = table.get("robust")
    noise: Any = table.get("noise")
    if not (isinstance(names, list) and isinstance(clean, list) and _square(robust, len(names))):
        return None
    called = [str(name) for name in names]
    attack = str(told.get("attack", "attack"))
    rows = [("no attack", [_cell(one, f"{name} without any attack") for name, one in zip(called, clean, strict=False)])]
    for place, source in enumerate(called):
        cells = []
        for column, target in enumerate(called):
            shaken = percent(_value(noise[place][column])) if _square(noise, len(names)) else ""
            control = f"; under noise of equal size {shaken}" if shaken else ""
            cells.append(_cell(robust[place][column], f"{target} under {attack} made on {source}", control))
        rows.append((f"made on {source}", cells))
    return HeatMap(called, attack, rows)


def _square(told: Any, size: int) -> bool:
    return isinstance(told, list) and len(told) == size and all(isinstance(r, list) and len(r) == size for r in told)


def _value(told: Any) -> float | None:
    estimate = read_estimate(told)
    return None if estimate is None else estimate.value


def _cell(told: Any, what: str, more: str = "") -> HeatCell:
    value = _value(told)
    level = 0 if value is None else round((1 - min(1.0, max(0.0, value))) * _LEVELS)
    return HeatCell(percent(value, 0), level, f"{what}: {percent(value)}{more}")
