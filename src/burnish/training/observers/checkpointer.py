"""Write checkpoints while training, and keep the last two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from burnish.common.errors import CheckpointError
from burnish.common.seeding import rng_state, set_rng_state
from burnish.training.agreement import one_voice
from burnish.training.checkpoint import drop_old_checkpoints, read_latest, read_rng, remove_unfinished, write_checkpoint
from burnish.training.distributed import share_object
from burnish.training.observers.observer import Stateless
from burnish.training.sharded import mesh_of

if TYPE_CHECKING:
    from burnish.training.engine import Engine


class Checkpointer(Stateless):
    """Save everything that a resumed run needs, after epochs, after numbers of steps, and when training ends or stops.

    Args:
        folder: where checkpoints go.
        epochs: epochs between checkpoints.
        steps: steps between further ones, or None.
        keep: how many to keep.
    """

    name = "checkpointer"

    def __init__(self, folder: Path, *, epochs: int = 1, steps: int | None = None, keep: int = 2) -> None:
        self.folder = folder
        self.epochs = epochs
        self.steps = steps
        self.keep = keep

    def subscribe(self, engine: Engine) -> None:
        if self.steps is not None:
            engine.events.on("step", self.save, every=self.steps)
        engine.events.on("epoch", self._save_after_epoch)

    def _save_after_epoch(self, engine: Engine) -> None:
        if engine.epoch % self.epochs == 0 or engine.finished:
            self.save(engine)

    def save(self, engine: Engine) -> None:
        """Write a checkpoint of this moment."""
        write_checkpoint(self.folder, engine.step, engine.state_dict(), rng_state(), engine.world)
        if engine.world.is_main:
            drop_old_checkpoints(self.folder, self.keep)

    def resume(self, engine: Engine) -> list[str]:
        """Put the engine and every generator where the newest trusted checkpoint was.

        Returns:
            One line for each checkpoint that was refused on the way.

        Raises:
            CheckpointError: there is none that can be trusted.
        """
        if engine.world.is_main:
            remove_unfinished(self.folder)
        with one_voice(engine.world):
            path, state, refused = read_latest(self.folder, mesh=mesh_of(engine.module))
        if path.name != share_object(path.name, engine.world):
            raise CheckpointError(
                f"checkpoint {path} is not the one that process 0 goes on from: remove the newer ones"
            )
        try:
            engine.load_state_dict(state)
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"checkpoint {path} does not fit this model and its options: {reason}") from error
        generators = read_rng(path, engine.world.rank)
        if generators is not None:
            set_rng_state(generators)
        return refused
