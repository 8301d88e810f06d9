"""What a model costs, in the four ways that pruning can be asked to save."""

from __future__ import annotations

from typing import Any, Literal, get_args

from torch import nn

from burnish.common.errors import unknown
from burnish.models.count import count
from burnish.models.latency import measure_latency

Cost = Literal["parameters", "macs", "size", "latency"]


def cost(model: nn.Module, example: Any, kind: Cost, threads: int = 1) -> float:
    """Parameters, multiply-adds, bytes of parameters and buffers, or measured milliseconds of a forward.

    Args:
        model: any module; it is left as it was.
        example: its input.
        kind: what to count.
        threads: CPU threads while a latency is measured.

    >>> import torch
    >>> cost(nn.Linear(4, 2), torch.zeros(1, 4), "parameters"), cost(nn.Linear(4, 2), torch.zeros(1, 4), "macs")
    (10, 8)
    """
    if kind not in get_args(Cost):
        raise unknown("cost", kind, get_args(Cost))
    if kind == "parameters":
        return sum(parameter.numel() for parameter in model.parameters())
    if kind == "size":
        tensors = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
        return sum(tensor.nbytes for tensor in tensors.values())
    if kind == "latency":
        return measure_latency(model, example, threads=threads).median
    return count(model, example).macs
