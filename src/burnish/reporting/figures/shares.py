"""Shares with their intervals over a number: accuracy over the size of an attack, success over queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from burnish.common.intervals import Estimate
from burnish.reporting.figures.canvas import SERIES, Drawing, draw, tick
from burnish.reporting.formats import estimate_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 6
_NEAR = 0.06
"""Ticks nearer than this share of the axis would write over each other."""


@dataclass(frozen=True)
class ShareLine:
    """Shares ``y`` at places ``x``; a single one is a dot with its interval."""

    label: str
    x: Sequence[float]
    y: Sequence[Estimate]


def shares(
    lines: Sequence[ShareLine], name: str, *, title: str, x_name: str, write: Callable[[float], str] = tick
) -> Drawing | None:
    """Draw lines with their intervals between 0 and 100 %; None where there is no point.

    Args:
        lines: the first in the first colour.
        name: unique on the page.
        title: heading of the figure.
        x_name: what ``x`` is.
        write: a place on the horizontal axis in words.
    """
    lines = [line for line in lines if len(line.x)]
    if not lines:
        return None

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter, MultipleLocator

        for line, colour in zip(lines, SERIES, strict=False):
            x, y = list(line.x), [share.value for share in line.y]
            low, high = [share.low for share in line.y], [share.high for share in line.y]
            if len(x) == 1:
                axes.plot(x * 2, [low[0], high[0]], color=colour, linewidth=2.5, alpha=0.45, solid_capstyle="round")
            else:
                axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(x, y, color=colour, linewidth=1.8, marker="o", markersize=5 if len(x) == 1 else 3.2)
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_locator(MultipleLocator(0.25))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
        places = _apart(sorted({place for line in lines for place in line.x}))
        axes.set_xticks(places, [write(place) for place in places])
        axes.set_xlabel(x_name)

    description = "; ".join(f"{line.label}: {_told(line, write)}" for line in lines)
    svg = draw(paint, name=name, title=f"{title} over {x_name}", description=description)
    legend = [(place, line.label) for place, line in enumerate(lines, 1)] if len(lines) > 1 else []
    return Drawing(title, svg, legend, description)


def _told(line: ShareLine, write: Callable[[float], str]) -> str:
    return ", ".join(f"{estimate_text('accuracy', y)} at {write(x)}" for x, y in zip(line.x, line.y, strict=True))


def _apart(places: list[float]) -> list[float]:
    """Places whose labels do not touch, the last one among them."""
    width = places[-1] - places[0] or 1.0
    kept = [places[-1]]
    for place in reversed(places[:-1]):
        if (kept[-1] - place) / width >= max(_NEAR, 0.9 / _MOST_TICKS if len(places) > _MOST_TICKS else 0):
            kept.append(place)
    return kept[::-1]
