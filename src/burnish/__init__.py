"""burnish: give it data or any PyTorch model; get back a model that works, and the evidence that it does.

>>> import burnish
>>> "fit" in dir(burnish)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish import attacks, common, data, layers, models, reporting, runs, tasks, training
    from burnish.runs import load_run
    from burnish.verbs.attack import attack
    from burnish.verbs.data_check import check_data
    from burnish.verbs.data_preview import preview_data
    from burnish.verbs.describe import describe
    from burnish.verbs.evaluate import evaluate
    from burnish.verbs.export import export
    from burnish.verbs.fit import fit
    from burnish.verbs.harden import harden
    from burnish.verbs.predict import predict
    from burnish.verbs.prune import prune
    from burnish.verbs.report import report
    from burnish.verbs.run import run

__version__ = "0.1.0"

__all__ = [
    "attack",
    "attacks",
    "check_data",
    "common",
    "data",
    "describe",
    "evaluate",
    "export",
    "fit",
    "harden",
    "layers",
    "load_run",
    "models",
    "predict",
    "preview_data",
    "prune",
    "report",
    "reporting",
    "run",
    "runs",
    "tasks",
    "training",
]

_AREAS = {"attacks", "common", "data", "layers", "models", "reporting", "runs", "tasks", "training"}
_HOMES = {
    "check_data": "burnish.verbs.data_check",
    "load_run": "burnish.runs",
    "preview_data": "burnish.verbs.data_preview",
}


def __getattr__(name: str) -> Any:
    """Import an area or a verb when it is first asked for, so that ``import burnish`` stays cheap."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'burnish' has no attribute '{name}'")
    if name in _AREAS:
        return import_module(f"burnish.{name}")
    value = getattr(import_module(_HOMES.get(name, f"burnish.verbs.{name}")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
