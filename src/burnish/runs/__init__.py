"""Runs: folders that hold what was asked, what happened, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.runs.run import Run, load_run

_HOMES = {"Run": "run", "load_run": "run"}

__all__ = ["Run", "load_run"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
