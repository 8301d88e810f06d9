"""What stays of every layer: a bar a layer, or where there are many, their course from input to output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from burnish.reporting.figures.canvas import SERIES, Drawing, draw, tick
from burnish.reporting.formats import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMED = 28
_MOST_TOLD = 60
_LONGEST_NAME = 26


@dataclass(frozen=True)
class Kept:
    """How much one layer had before, and how much it has after."""

    name: str
    before: int
    after: int


def kept(layers: Sequence[Kept], name: str, counted: str, unit: str = "layer") -> Drawing | None:
    """Draw each layer as it was with what stays of it in front; None where there is no layer.

    Args:
        layers: in their order.
        name: unique on the page.
        counted: what the numbers count, such as channels.
        unit: what has them.
    """
    if not layers:
        return None
    few = len(layers) <= _MOST_NAMED

    def paint(axes: Axes) -> None:
        if few:
            _named(axes, layers, counted)
        else:
            _course(axes, layers, counted, unit)

    title = f"{counted.capitalize()} of each {unit}"
    told = [f"{one.name}: {number(one.before)} to {number(one.after)}" for one in layers[:_MOST_TOLD]]
    rest = [f"and {len(layers) - _MOST_TOLD} more"] if len(layers) > _MOST_TOLD else []
    description = "; ".join([*told, *rest])
    size = (4.8, 0.7 + 0.24 * len(layers)) if few else (4.8, 2.9)
    svg = draw(paint, name=name, title=f"{title} before and after", description=description, size=size)
    return Drawing(title, svg, [(6, "before"), (1, "after")], description)


def _named(axes: Axes, layers: Sequence[Kept], counted: str) -> None:
    places = range(len(layers))
    axes.barh(places, [one.before for one in layers], height=0.72, color=SERIES[5], alpha=0.35)
    axes.barh(places, [one.after for one in layers], height=0.36, color=SERIES[0])
    axes.set_yticks(places, [_short(name) for name in _own_parts([one.name for one in layers])])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.set_xlabel(counted)
    _ticks(axes, "x")


def _course(axes: Axes, layers: Sequence[Kept], counted: str, unit: str) -> None:
    edges = [place + 0.5 for place in range(len(layers) + 1)]
    axes.stairs([one.before for one in layers], edges, fill=True, color=SERIES[5], alpha=0.35, linewidth=0)
    axes.stairs([one.after for one in layers], edges, fill=True, color=SERIES[0], linewidth=0)
    axes.set_xlim(0.5, len(layers) + 0.5)
    axes.set_xlabel(f"{unit}, in order")
    axes.set_ylabel(counted)
    _ticks(axes, "x")
    _ticks(axes, "y")


def _ticks(axes: Axes, which: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))


def _own_parts(names: list[str]) -> list[str]:
    """Names without what all of them begin and end with, such as ``model.`` and ``.weight``."""
    parts = [name.split(".") for name in names]
    shortest = min(map(len, parts)) - 1
    head = next((n for n in range(shortest) if len({part[n] for part in parts}) > 1), shortest)
    room = shortest - head
    tail = next((n for n in range(room) if len({part[-1 - n] for part in parts}) > 1), room)
    return [".".join(part[head : len(part) - tail]) for part in parts] if len(names) > 1 else names


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"
