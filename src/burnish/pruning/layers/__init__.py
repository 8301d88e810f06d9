"""Pruning at the level of whole blocks: which can go, what each is worth, and a model without them."""

from burnish.pruning.layers.removing import PassThrough, remove_blocks_, replay_blocks_

__all__ = ["PassThrough", "remove_blocks_", "replay_blocks_"]
