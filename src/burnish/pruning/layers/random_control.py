"""Blocks by chance: the control that every criterion has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from burnish.common.seeding import generator
from burnish.pruning.layers.block import Block


def random_control(blocks: Sequence[Block], seed: int = 0) -> dict[str, float]:
    """Uniform numbers in [0, 1); a block draws the same one whatever else the model holds.

    >>> one, other = Block("a", "Linear", 6, (1, 2), False), Block("b", "Linear", 6, (1, 2), False)
    >>> random_control([one])["a"] == random_control([other, one])["a"]
    True
    """
    return {
        block.name: torch.rand((), generator=generator(seed, "random blocks", block.name), dtype=torch.float64).item()
        for block in blocks
    }
