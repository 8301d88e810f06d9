"""Runs: folders that hold what was asked, what happened, and what came of it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.runs.run import Run, load_run

_HOMES = {"Run": "run", "load_run": "run"}

__all__ = ["Run", "load_run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.runs' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.runs.{_HOMES[name]}"), name)
