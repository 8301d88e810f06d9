"""A copy of a model without its numbers, and what it is called with."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.graph.narrow_attention import NarrowMultiheadAttention


def shell(model: nn.Module, device: str = "meta") -> nn.Module:
    """A copy of a model to run once: on ``meta`` it holds shapes alone and costs no memory.

    Attention of torch is replaced by an equal one that can lose heads.

    Raises:
        InputError: the model cannot be copied.
    """
    memo: dict[int, Any] = {}
    if device == "meta":
        for tensor in _held(model):
            hollow = tensor.detach().to("meta")
            if isinstance(tensor, nn.Parameter):
                hollow = nn.Parameter(hollow, requires_grad=False)
            memo[id(tensor)] = hollow
    try:
        copied = copy.deepcopy(model, memo)
    except Exception as error:
        raise InputError(
            f"{type(model).__name__} cannot be copied ({' '.join(str(error).split())}): pruning needs a copy to look at"
        ) from error
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    for module in copied.modules():
        if NarrowMultiheadAttention.fits(module):
            NarrowMultiheadAttention.adopt_(module)
    return copied


def _held(model: nn.Module) -> list[Tensor]:
    """Parameters, buffers, and tensors that modules keep as plain attributes."""
    found: list[Tensor] = [*model.parameters(), *model.buffers()]
    for module in model.modules():
        plain = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        found += [leaf for leaf in torch.utils._pytree.tree_leaves(plain) if isinstance(leaf, Tensor)]
    return found


def moved(example: Any, device: str | torch.device) -> Any:
    """An example with every tensor on a device."""
    return torch.utils._pytree.tree_map_only(Tensor, lambda tensor: tensor.detach().to(device), example)


def doubled(example: Any) -> Any:
    """An example with every sample twice, for layers that need more than one to train."""

    def twice(tensor: Tensor) -> Tensor:
        return torch.cat([tensor, tensor]) if tensor.ndim else tensor

    return torch.utils._pytree.tree_map_only(Tensor, twice, example)
