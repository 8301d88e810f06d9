"""The numbers of the steps since the last report, kept as tensors until somebody asks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.training.distributed import World, average_tensor


class Ledger:
    """Losses of every step, and whatever else a task notes.

    Nothing is read off the device before :meth:`settle`, which every rank calls at the same step.

    Args:
        world: the ranks whose numbers are averaged.

    >>> ledger = Ledger(World())
    >>> ledger.losses.append(torch.tensor(1.0)); ledger.losses.append(torch.tensor(3.0))
    >>> ledger.note(norm=torch.tensor(5.0))
    >>> ledger.settle()
    {'loss': [1.0, 3.0], 'norm': [5.0]}
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.losses: list[Tensor] = []
        self.notes: dict[str, list[Tensor]] = {}

    def note(self, **values: Tensor) -> None:
        """Keep scalars of this step to be reported as means beside the loss; every rank notes the same names."""
        for name, value in values.items():
            self.notes.setdefault(name, []).append(value.detach())

    def settle(self) -> dict[str, list[float]]:
        """Every number since the last report, as a mean over the ranks; ``loss`` first."""
        columns = {"loss": self.losses, **self.notes}
        settled: dict[str, list[float]] = {}
        for name, values in columns.items():
            if values:
                averaged = average_tensor(torch.stack(values).float(), self.world)
                if self.world.size > 1:
                    values[:] = averaged.unbind()
                settled[name] = averaged.tolist()
        return settled

    def clear(self) -> None:
        """Start the next report anew."""
        self.losses.clear()
        self.notes.clear()

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Take back what :meth:`settle` gave."""
        kept = {name: [torch.tensor(value, device=device) for value in values] for name, values in state.items()}
        self.losses[:] = kept.pop("loss", [])
        self.notes = kept
