"""Blocks by how much they turn what comes in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.block import Block
from burnish.pruning.layers.watching import holding_still


def similarity(model: nn.Module, blocks: Sequence[Block], calibration: Calibration) -> dict[str, float]:
    """One minus the mean cosine between what comes into a block and what comes out.

    Source: Men et al. 2024, "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect",
    arXiv:2403.03853, eq. 1, called block influence there; Gromov et al. 2024, "The Unreasonable Ineffectiveness of the
    Deeper Layers", arXiv:2403.17887, take the angle itself. Changed: of maps, whose channels may be anywhere, the
    cosine is that of whole samples; of sequences it is that of tokens, as in the papers. A block that only scales its
    input scores 0.

    Args:
        model: any module; it is left as it was.
        blocks: of this model.
        calibration: what runs through it, once for all blocks.

    Returns:
        By name of the block, between 0 (its output points where its input does) and 2.

    >>> from burnish.pruning.layers.finding import removable_blocks
    >>> net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False), nn.Linear(2, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[0.0, 1.0], [-1.0, 0.0]])), nn.init.eye_(net[1].weight)
    >>> found = similarity(net, removable_blocks(net, torch.ones(1, 2)), Calibration([(torch.ones(4, 2), None)]))
    >>> {name: round(score, 4) for name, score in found.items()}
    {'0': 1.0, '1': 0.0}
    """
    totals = {block.name: 0.0 for block in blocks}
    counts = dict.fromkeys(totals, 0)
    received: dict[str, Tensor] = {}

    def before(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            received[name] = args[0].clone()  # a block may write over its input

        return hook

    def after(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
            cosines = _cosines(received.pop(name), output)
            totals[name] += cosines.sum().item()
            counts[name] += cosines.numel()

        return hook

    with holding_still(model), ExitStack() as stack:
        for block in blocks:
            module = model.get_submodule(block.name)
            stack.callback(module.register_forward_pre_hook(before(block.name)).remove)
            stack.callback(module.register_forward_hook(after(block.name)).remove)
        for batch in calibration.over(model):
            calibration.forward(model, batch)
    idle = [name for name, count in counts.items() if not count]
    if idle:
        raise InputError(f"block '{idle[0]}' did not run on the calibration data: find the blocks with such an example")
    return {name: 1 - totals[name] / counts[name] for name in totals}  # eq. 1


def _cosines(received: Tensor, output: Tensor) -> Tensor:
    """Of tokens ``(*, width)`` up to three dimensions, of samples beyond; 1 where both are zero."""
    pair = [tensor.double() if tensor.device.type != "mps" else tensor.float() for tensor in (received, output)]
    first, second = (tensor.flatten(1) if tensor.ndim > 3 else tensor.reshape(-1, tensor.shape[-1]) for tensor in pair)
    cosines = torch.nn.functional.cosine_similarity(first, second, dim=-1)
    both_zero = (first == 0).all(dim=-1) & (second == 0).all(dim=-1)
    return torch.where(both_zero, torch.ones_like(cosines), cosines)
