"""Keep the best weights seen on validation, and stop when there is no more progress."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.training.agreement import one_voice
from burnish.training.checkpoint import drop_old_checkpoints, read_latest, write_checkpoint
from burnish.training.sharded import mesh_of, split_like

if TYPE_CHECKING:
    from burnish.training.engine import Engine


class Best:
    """Save a ``best-<step>`` checkpoint whenever the watched metric improves; optionally stop without progress.

    Which metric that is, and whether more or less of it is better, the task says. NaN is never progress.

    Args:
        folder: where checkpoints go.
        patience: epochs without progress after which training stops; None never stops.
    """

    name = "best"

    def __init__(self, folder: Path, patience: int | None = None) -> None:
        self.folder = folder
        self.patience = patience
        self.value: float | None = None
        self.waited = 0

    def subscribe(self, engine: Engine) -> None:
        engine.events.on("start", self._stop_if_patience_ran_out)
        engine.events.on("validated", self._compare)

    def _compare(self, engine: Engine) -> None:
        if engine.last_evaluation is None:
            return
        value = engine.watched(engine.last_evaluation)
        if self._improves(value, engine.task.watched[1]):
            self.value, self.waited = value, 0
            write_checkpoint(
                self.folder,
                engine.step,
                {"module": engine.result_state(), "value": value},
                None,
                engine.world,
                prefix="best",
            )
            if engine.world.is_main:
                drop_old_checkpoints(self.folder, keep=1, prefix="best")
        else:
            self.waited += 1
        self._stop_if_patience_ran_out(engine)

    def _improves(self, value: float, direction: str) -> bool:
        if not math.isfinite(value):
            return False
        if self.value is None:
            return True
        return value > self.value if direction == "max" else value < self.value

    def _stop_if_patience_ran_out(self, engine: Engine) -> None:
        if self.patience is not None and self.waited >= self.patience:
            engine.stop_requested = f"no progress on {engine.task.watched[0]} for {self.waited} epochs"

    def restore(self, engine: Engine) -> int:
        """Put the best weights into the module; returns the step they come from.

        Raises:
            CheckpointError: there is no such checkpoint, or it cannot be trusted.
        """
        with one_voice(engine.world):
            path, state, _ = read_latest(self.folder, prefix="best", mesh=mesh_of(engine.module))
        engine.module.load_state_dict(split_like(state, engine.module)["module"])
        return int(path.name.rsplit("-", 1)[1])

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value, self.waited = state["value"], state["waited"]
