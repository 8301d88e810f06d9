"""Notice when adversarial training collapses, and take it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.defences.adversarial.training import AdversarialTraining
from burnish.training.average import WeightAverage
from burnish.training.observers.best import Best

if TYPE_CHECKING:
    from burnish.training.engine import Engine

_COLLAPSE = 0.5
"""A robust accuracy below this share of the best one is no wobble: the model has learnt to fool its own attack."""


class CollapseWatch:
    """Go back to the best weights when robust accuracy breaks down, and attack with PGD from then on.

    Source: Wong, Rice and Kolter 2020, "Fast is better than free", arXiv:2001.03994, section 5.4: training on one-step
    attacks may lose its robustness to PGD within an epoch ("catastrophic overfitting").

    Args:
        folder: where the checkpoints of :class:`~burnish.training.observers.best.Best` are.
    """

    name = "collapse"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: float | None = None
        self.rollbacks: list[dict[str, Any]] = []
        self._task: AdversarialTraining | None = None

    @property
    def notes(self) -> list[str]:
        """What the user should be told at the end."""
        return [
            f"robust accuracy fell from {back['from']:.1%} to {back['to']:.1%} at step {back['step']}: the weights of "
            "the best epoch were put back"
            + (", and attacks were made with pgd from then on" if back["method"] != "pgd" else "")
            for back in self.rollbacks
        ]

    def subscribe(self, engine: Engine) -> None:
        if not isinstance(engine.task, AdversarialTraining):
            raise InputError(f"a collapse is one of adversarial training, the task here is {engine.task.name}")
        self._task = engine.task
        engine.events.on("validated", self._look)

    def _look(self, engine: Engine) -> None:
        assert self._task is not None
        if engine.last_evaluation is None or engine.epoch < self._task.options.eps_warmup:
            return
        value = engine.last_evaluation.metrics["robust_accuracy"].value
        if self.best is None or value >= _COLLAPSE * self.best:
            self.best = value if self.best is None else max(self.best, value)
            return
        step = Best(self.folder).restore(engine)
        for optimizer in engine.optimizers.values():
            optimizer.state.clear()  # the moments belong to the weights that were given up
        if engine.average is not None:
            engine.average = WeightAverage(engine.module, engine.average.decay)
        method = self._task.options.with_
        back = {"step": engine.step, "to_step": step, "from": self.best, "to": value, "method": method}
        self.rollbacks.append(back)
        self._strengthen()
        engine.emit({"event": "rollback", **back})

    def _strengthen(self) -> None:
        """One step was too few."""
        assert self._task is not None
        options = self._task.options
        if options.with_ in ("fast", "gradient"):
            self._task.options = replace(options, with_="pgd", step_size=None, scale=None)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "rollbacks": [dict(back) for back in self.rollbacks]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.rollbacks = state["best"], [dict(back) for back in state["rollbacks"]]
        if self.rollbacks:
            self._strengthen()
