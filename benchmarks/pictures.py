"""Figures of results as SVG files that stand alone, on light and on dark pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from burnish.reporting.figures.canvas import draw

IMAGES = Path(__file__).parents[1] / "docs" / "images"

COLOURS = """<style>svg { --soft: #4a4a4a; --line: #d8d8d8; --series-1: #2a6fbb; --series-2: #c8553d;
font-family: system-ui, sans-serif } @media (prefers-color-scheme: dark) { svg { --soft: #c4c4c4; --line: #444444;
--series-1: #7db4ee; --series-2: #f09a83 } }</style>"""


def picture(paint: Callable[[Any], None], *, name: str, title: str, description: str, size: tuple[float, float]) -> str:
    """An SVG document; the arguments are those of :func:`burnish.reporting.figures.canvas.draw`."""
    svg = draw(paint, name=name, title=title, description=description, size=size)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace("<title", f"{COLOURS}<title", 1)
