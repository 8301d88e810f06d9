"""A figure as a page wants it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drawing:
    """Inline SVG and what stands around it.

    Args:
        title: heading of the figure.
        svg: safe markup from :func:`burnish.reporting.figures.canvas.draw`.
        legend: colour number and label of every series, where the title alone does not say it.
        description: the figure in words.
    """

    title: str
    svg: str
    legend: list[tuple[int, str]]
    description: str
