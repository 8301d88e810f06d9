"""Several processes as one: the world, averaged gradients, gathered results. Started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

BUCKET_BYTES = 25 * 2**20


@dataclass(frozen=True)
class World:
    """This process among its peers: ``rank`` of ``size``, ``local_rank`` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """True for the one process that writes files and prints."""
        return self.rank == 0


def join_world(device_type: str = "cpu") -> World:
    """Join the processes that torchrun started; a world of one where it did not."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device_type == "cuda" else "gloo")
    return World(int(os.environ["RANK"]), size, int(os.environ.get("LOCAL_RANK", "0")))


def leave_world() -> None:
    """Close the connections of :func:`join_world`, if there are any."""
    if dist.is_initialized():
        dist.destroy_process_group()


def sync_grads(parameters: Iterable[nn.Parameter], size: int) -> None:
    """Average ``.grad`` over all ranks, in flat buckets of at most 25 MiB.

    Serves the steps that ``DistributedDataParallel`` cannot: several optimizers, gradient penalties, ``autograd.grad``.
    A parameter without a gradient on this rank counts as zero, so that every rank reduces the same buckets.
    """
    if size == 1:
        return
    bucket: list[nn.Parameter] = []
    filled = 0
    for parameter in parameters:
        if not parameter.requires_grad:
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        nbytes = parameter.numel() * parameter.element_size()
        if bucket and (filled + nbytes > BUCKET_BYTES or parameter.dtype != bucket[0].dtype):
            _average(bucket, size)
            bucket, filled = [], 0
        bucket.append(parameter)
        filled += nbytes
    if bucket:
        _average(bucket, size)


def _average(bucket: list[nn.Parameter], size: int) -> None:
    gradients = [parameter.grad for parameter in bucket if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    dist.all_reduce(flat)
    flat /= size
    for gradient, averaged in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))


def average_tensor(value: Tensor, world: World) -> Tensor:
    """The mean of a tensor over the ranks."""
    if world.size == 1:
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / world.size


def share_object(value: Any, world: World) -> Any:
    """What rank 0 holds, on every rank."""
    if world.size == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def wait_for_all(world: World) -> None:
    """Return once every rank is here."""
    if world.size > 1:
        dist.barrier()
