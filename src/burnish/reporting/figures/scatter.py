"""Scatter plots: predictions against targets, and generated points among real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from burnish.reporting.figures.canvas import FAINT, INK, SERIES, Drawing, draw, tick
from burnish.reporting.formats import number
from burnish.reporting.record import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 1500
Pairs = list[tuple[float, float]]


def residuals(target: Sequence[Any], prediction: Sequence[Any], name: str) -> Drawing | None:
    """Prediction against target, with the line where both are equal; None without a finite pair."""
    pairs = _pairs(zip(target, prediction, strict=False))
    if not pairs:
        return None
    shown = _spread(pairs)
    low, high = min(min(p) for p in pairs), max(max(p) for p in pairs)

    def paint(axes: Axes) -> None:
        axes.plot([low, high], [low, high], color=INK, linewidth=1, dashes=(4, 3))
        _dots(axes, shown, SERIES[0])
        axes.set_xlabel("target")
        axes.set_ylabel("prediction")

    error = sum(abs(x - y) for x, y in pairs) / len(pairs)
    description = (
        f"{len(pairs)} samples; targets from {number(min(x for x, _ in pairs))} to {number(max(x for x, _ in pairs))}; "
        f"mean absolute error {number(error)}. The dashed line is a perfect prediction."
    )
    svg = draw(paint, name=name, title="Prediction against target", description=description, size=(4.8, 3.6))
    return Drawing("Prediction against target", svg, [], description)


def points(generated: Sequence[Any], reference: Sequence[Any], name: str) -> Drawing | None:
    """Generated points over real ones, their first two coordinates; None without a finite point."""
    made, real = (_pairs(rows) for rows in (generated, reference))
    if not made and not real:
        return None

    def paint(axes: Axes) -> None:
        for shown, colour in ((_spread(real), SERIES[0]), (_spread(made), SERIES[1])):
            if shown:
                _dots(axes, shown, colour)
        axes.set_aspect("equal", adjustable="datalim")
        axes.axhline(0, color=FAINT, linewidth=0.7)

    description = f"{len(made)} generated points and {len(real)} real ones, their first two coordinates."
    svg = draw(paint, name=name, title="Generated and real points", description=description, size=(4.8, 3.6))
    return Drawing("Generated and real points", svg, [(1, "real"), (2, "generated")], description)


def _dots(axes: Axes, pairs: Pairs, colour: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    x, y = zip(*pairs, strict=True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.plot(x, y, linestyle="", marker="o", markersize=3, markeredgewidth=0, color=colour, alpha=0.55)


def _pairs(rows: Any) -> Pairs:
    pairs = []
    for row in rows if not isinstance(rows, dict) else ():
        x, y = (finite(row[0]), finite(row[1])) if isinstance(row, list | tuple) and len(row) >= 2 else (None, None)
        if x is not None and y is not None:
            pairs.append((x, y))
    return pairs


def _spread(pairs: Pairs) -> Pairs:
    step = -(-len(pairs) // _MOST_POINTS)
    return pairs[:: max(1, step)]
