"""From the rows of ``metrics.jsonl`` to charts: which numbers belong on one set of axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish.reporting.formats import words
from burnish.reporting.record import finite

_NOT_A_SERIES = {"event", "step", "epoch", "seconds", "time"}
_EVENTS = ("train", "validation")


@dataclass
class Line:
    """One curve: ``y`` over ``x``, and where known the interval ``low`` to ``high`` at every point."""

    event: str
    name: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    @property
    def banded(self) -> bool:
        """Whether every point has its interval."""
        return len(self.low) == len(self.high) == len(self.y) > 0


@dataclass(frozen=True)
class Chart:
    """Curves that share their axes."""

    title: str
    x_name: str
    lines: list[Line]

    def label(self, line: Line) -> str:
        """What to call a curve among the others of its chart."""
        if len({other.name for other in self.lines}) == 1:
            return line.event
        if len({other.event for other in self.lines}) == 1:
            return words(line.name)
        return f"{line.event} {words(line.name)}"


def charts(rows: Sequence[dict[str, Any]]) -> list[Chart]:
    """Group every numeric series: all losses on one chart, a metric's events together, learning rate and speed last.

    >>> [chart.title for chart in charts([{"event": "train", "step": 1, "loss": 2.0, "learning_rate": 0.1}])]
    ['loss', 'learning rate']
    """
    numeric = [row for row in rows if finite(row.get("step")) is not None or finite(row.get("epoch")) is not None]
    x_name = "epoch" if numeric and all(finite(row.get("epoch")) is not None for row in numeric) else "step"
    lines: dict[tuple[str, str], Line] = {}
    for row in numeric:
        x = finite(row.get(x_name))
        if x is None:
            continue
        event = str(row.get("event", "train"))
        for name, told in row.items():
            y = finite(told)
            if y is None or name in _NOT_A_SERIES or _is_bound(name, row):
                continue
            line = lines.setdefault((event, name), Line(event, name))
            line.x.append(x)
            line.y.append(y)
            low, high = finite(row.get(f"{name}_low")), finite(row.get(f"{name}_high"))
            if low is not None and high is not None:
                line.low.append(low)
                line.high.append(high)
    return _grouped(list(lines.values()), x_name)


def _is_bound(name: str, row: dict[str, Any]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in row for end in ("_low", "_high"))


def _grouped(lines: list[Line], x_name: str) -> list[Chart]:
    endings = Counter(name.rsplit("_", 1)[-1] for name in {line.name for line in lines})
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(_title(line.name, endings), []).append(line)
    for members in groups.values():
        members.sort(key=lambda line: (_EVENTS.index(line.event) if line.event in _EVENTS else 2, line.event))
    return [Chart(title, x_name, groups[title]) for title in sorted(groups, key=_rank)]


def _title(name: str, endings: Counter[str]) -> str:
    if "loss" in name.split("_"):
        return "loss"
    if name.startswith("learning_rate"):
        return "learning rate"
    ending = name.rsplit("_", 1)[-1]
    return words(ending if endings[ending] > 1 else name)


def _rank(title: str) -> tuple[int, str]:
    return ({"loss": 0, "accuracy": 1, "learning rate": 3, "samples per second": 4}.get(title, 2), title)
