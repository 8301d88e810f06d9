"""Learning curves."""

from __future__ import annotations

from itertools import cycle, pairwise
from typing import TYPE_CHECKING

from burnish.reporting.figures.canvas import SERIES, Drawing, draw, tick
from burnish.reporting.formats import is_share, number, percent
from burnish.reporting.series import Chart, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 400


def curves(chart: Chart, name: str) -> Drawing:
    """Draw a chart: thin lines for training, heavier ones with their interval for everything measured."""
    lines = [thinned(line) for line in chart.lines]
    logarithmic = chart.title != "learning rate" and _wants_log(lines)
    shares = is_share(chart.title) and all(0 <= y <= 1 for line in lines for y in line.y)

    colours = _colours(chart)

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

        for line, number_of_colour in zip(lines, colours, strict=True):
            colour = SERIES[number_of_colour - 1]
            measured = line.event != "train"
            dots = "o" if (len(line.x) <= 40 and measured) or len(line.x) == 1 else ""
            axes.plot(line.x, line.y, color=colour, linewidth=1.8 if measured else 1.2, marker=dots, markersize=3.2)
            if line.banded:
                axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.16, linewidth=0)
        if logarithmic:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(
                LogLocator(subs=(1.0, 2.0, 5.0) if _decades(lines) < 3 else (1.0,), numticks=9)
            )
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.minorticks_off()
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5))
            if "per second" in chart.title:
                axes.set_ylim(bottom=0)  # the spread of a speed is only honest against zero
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _percent_tick(y) if shares else tick(y)))
        whole = chart.x_name == "step" or max(x for line in lines for x in line.x) > 3
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=whole))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick(x)))
        axes.set_xlabel(chart.x_name)
        axes.set_xlim(left=0)  # short runs would otherwise fill the width with one epoch's fraction

    say = percent if shares else number
    description = "; ".join(
        f"{chart.label(line)}: from {say(line.y[0])} at {chart.x_name} {number(line.x[0])} "
        f"to {say(line.y[-1])} at {chart.x_name} {number(line.x[-1])}"
        for line in chart.lines
    )
    title = chart.title.capitalize() + (" (log scale)" if logarithmic else "")
    svg = draw(paint, name=name, title=f"{title} by {chart.x_name}", description=description)
    legend = [(colour, chart.label(line)) for colour, line in zip(colours, chart.lines, strict=True)]
    return Drawing(title, svg, legend if len(legend) > 1 or legend[0][1] != "train" else [], description)


def thinned(line: Line, most: int = _MOST_POINTS) -> Line:
    """A curve of at most ``most`` points, each the mean of its neighbours; short curves stay as they are.

    >>> thinned(Line("train", "loss", [1, 2, 3, 4], [1, 3, 5, 7]), most=2).y
    [2.0, 6.0]
    """
    count = len(line.x)
    if count <= most:
        return line
    edges = [round(index * count / most) for index in range(most + 1)]

    def means(values: list[float]) -> list[float]:
        return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)] if len(values) == count else []

    return Line(line.event, line.name, means(line.x), means(line.y), means(line.low), means(line.high))


def _colours(chart: Chart) -> list[int]:
    if len({line.name for line in chart.lines}) > 1:
        return [1 + index % len(SERIES) for index in range(len(chart.lines))]
    fixed = {"train": 1, "validation": 2, "test": 3}  # an event keeps its colour from chart to chart
    others = cycle(range(4, 1 + len(SERIES)))
    return [fixed.get(line.event) or next(others) for line in chart.lines]


def _decades(lines: list[Line]) -> float:
    from math import log10

    values = [y for line in lines for y in line.y]
    return log10(max(values) / min(values))


def _wants_log(lines: list[Line]) -> bool:
    values = [y for line in lines for y in line.y]
    return min(values) > 0 and max(values) / min(values) > 50


def _percent_tick(value: float) -> str:
    return f"{100 * value:g} %"
