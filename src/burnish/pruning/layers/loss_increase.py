"""Blocks by the loss without them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.block import Block
from burnish.pruning.layers.standing_in import passed_through
from burnish.pruning.layers.watching import holding_still


def loss_increase(model: nn.Module, blocks: Sequence[Block], calibration: Calibration) -> dict[str, float]:
    """How much the mean loss rises when the input of a block passes it unchanged.

    Source: the error of a network without one of its blocks, Veit et al. 2016, "Residual Networks Behave Like Ensembles
    of Relatively Shallow Networks", arXiv:1605.06431, section 4.1.

    Args:
        model: any module; it is left as it was.
        blocks: of this model.
        calibration: with a task, or a function of outputs and targets. It is gone through once, and the model runs once
            more for each block.

    Returns:
        By name of the block, in the unit of the loss; negative where the loss falls.

    >>> from burnish.pruning.layers.finding import removable_blocks
    >>> net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> for layer, weight in zip(net, (1.0, 3.0, 1.0)):
    ...     _ = nn.init.constant_(layer.weight, weight)
    >>> import torch
    >>> one = torch.ones(1, 1)
    >>> data = Calibration([(one, 3 * one)], lambda output, target: (output - target).square())
    >>> loss_increase(net, removable_blocks(net, one), data)
    {'0': 0.0, '1': 4.0}
    """
    whole, samples = 0.0, 0
    without = {block.name: 0.0 for block in blocks}
    with holding_still(model):
        for batch in calibration.over(model):
            whole += calibration.mean_loss(model, batch).item() * len(batch)
            samples += len(batch)
            for name in without:
                with passed_through(model, [name]):
                    without[name] += calibration.mean_loss(model, batch).item() * len(batch)
    return {name: (total - whole) / samples for name, total in without.items()}
