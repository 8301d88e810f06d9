"""Figures of a report: inline SVG in the page's own colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.reporting.figures.curves import curves
    from burnish.reporting.figures.drawing import Drawing
    from burnish.reporting.figures.scatter import points, residuals

__all__ = ["Drawing", "curves", "points", "residuals"]

_HOMES = {"Drawing": "drawing", "curves": "curves", "points": "scatter", "residuals": "scatter"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
