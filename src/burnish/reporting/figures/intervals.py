"""Runs side by side: each one's result with its interval on a shared axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from burnish.common.intervals import Estimate
from burnish.reporting.figures.canvas import SERIES, Drawing, draw, tick
from burnish.reporting.formats import estimate_text, has_interval, is_share, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_NAME = 22


@dataclass(frozen=True)
class Entry:
    """One run's result."""

    run: str
    metric: str
    split: str
    estimate: Estimate


def intervals(entries: Sequence[Entry], name: str) -> list[Drawing]:
    """One figure for every metric that at least two runs share; intervals that overlap are then seen to overlap."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.split, entry.metric), []).append(entry)
    shared = [group for group in groups.values() if len(group) > 1]
    return [_drawing(group, f"{name}{index}") for index, group in enumerate(shared)]


def _drawing(group: list[Entry], name: str) -> Drawing:
    shares = is_share(group[0].metric)

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        for row, entry in enumerate(group):
            if has_interval(entry.estimate):
                ends = [entry.estimate.low, entry.estimate.high]
                axes.plot(ends, [row, row], color=SERIES[0], linewidth=2.5, alpha=0.45, solid_capstyle="round")
            axes.plot([entry.estimate.value], [row], color=SERIES[0], marker="o", markersize=6)
        axes.set_yticks(range(len(group)), [_short(entry.run) for entry in group])
        for label in axes.get_yticklabels():
            label.set_parse_math(False)  # a dollar in a folder's name is a dollar
        axes.set_ylim(len(group) - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %" if shares else tick(x)))

    title = f"{group[0].split} {words(group[0].metric)}".capitalize()
    description = "; ".join(f"{entry.run}: {estimate_text(entry.metric, entry.estimate)}" for entry in group)
    height = 0.7 + 0.3 * len(group)
    return Drawing(
        title, draw(paint, name=name, title=title, description=description, size=(4.8, height)), [], description
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
