"""What cutting filters made of a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import nn

from burnish.pruning.filters.plan import Plan
from burnish.pruning.graph.group import Refusal
from burnish.pruning.graph.surgery import Steps


@dataclass(frozen=True)
class Layer:
    """Outputs of the layer that names a group: how many there were, and how many stay; heads count with their width."""

    name: str
    before: int
    after: int


@dataclass(frozen=True)
class Pruned:
    """A cut copy of a model.

    Attributes:
        model: the copy, with weights as they were and fewer of them.
        steps: what was cut, as plain data that rebuilds the shapes on a fresh model.
        plan: channels that went, by name of their group.
        ratio: share of the channels that was asked for, or that a target led to.
        layers: every group that can be cut.
        refusals: layers that cannot be narrowed, with the line that stands in the way.
        target: what was to become less, with the share of it that stays: of a latency the measured one, in turns with
            the whole model, which may miss what was asked by the noise of the machine.
    """

    model: nn.Module = field(repr=False)
    steps: Steps = field(repr=False)
    plan: Plan = field(repr=False)
    ratio: float
    layers: tuple[Layer, ...]
    refusals: tuple[Refusal, ...]
    target: tuple[str, float] | None = None

    def report(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        reached = {} if self.target is None else {"reached": {self.target[0]: round(self.target[1], 4)}}
        return {
            "ratio": round(self.ratio, 4),
            **reached,
            "layers": [vars(layer) for layer in self.layers],
            "refusals": [str(refusal) for refusal in self.refusals],
        }
