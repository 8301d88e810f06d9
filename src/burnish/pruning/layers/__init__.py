"""Pruning at the level of whole blocks: which can go, what each is worth, and a model without them."""

from burnish.pruning.layers.block import Block, Blocks, Refusal
from burnish.pruning.layers.finding import find_blocks, removable_blocks
from burnish.pruning.layers.prune import prune_layers
from burnish.pruning.layers.pruned_blocks import PrunedBlocks
from burnish.pruning.layers.removing import PassThrough, remove_blocks_, replay_blocks_
from burnish.pruning.layers.scoring import CRITERIA, score_blocks
from burnish.pruning.layers.separability import separability
from burnish.pruning.layers.standing_in import passed_through

__all__ = [
    "CRITERIA",
    "Block",
    "Blocks",
    "PassThrough",
    "PrunedBlocks",
    "Refusal",
    "find_blocks",
    "passed_through",
    "prune_layers",
    "removable_blocks",
    "remove_blocks_",
    "replay_blocks_",
    "score_blocks",
    "separability",
]
