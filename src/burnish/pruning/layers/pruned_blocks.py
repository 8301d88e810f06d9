"""What removing blocks made of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.pruning.layers.block import Block, Refusal
from burnish.pruning.layers.removing import Steps


@dataclass(frozen=True)
class PrunedBlocks:
    """What was removed, and why.

    Attributes:
        removed: names of the blocks that are gone, the first one first.
        scores: of every block, as they were when it was removed, or at last.
        blocks: all that could have gone, in the order in which they run.
        refusals: blocks of the same kinds that had to stay, with the reason.
        steps: what was done, as plain data for :func:`burnish.pruning.layers.replay_blocks_`.
        parameters_before: of the whole model.
        parameters_after: of what is left.
    """

    removed: tuple[str, ...]
    scores: Mapping[str, float]
    blocks: tuple[Block, ...]
    refusals: tuple[Refusal, ...]
    steps: Steps = field(repr=False)
    parameters_before: int
    parameters_after: int

    def report(self) -> dict[str, Any]:
        """Plain data for a JSON file; ``layers`` has the parameters of every block before and after."""
        layers = [
            {
                "name": block.name,
                "before": block.parameters,
                "after": 0 if block.name in self.removed else block.parameters,
                "score": self.scores[block.name],
            }
            for block in self.blocks
        ]
        return {
            "removed": list(self.removed),
            "parameters": {"before": self.parameters_before, "after": self.parameters_after},
            "layers": layers,
            "refusals": [str(refusal) for refusal in self.refusals],
        }
