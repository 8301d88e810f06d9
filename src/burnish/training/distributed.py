"""Several processes as one: the world, averaged gradients, shared results. Started by torchrun."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from burnish.common.errors import InputError

BUCKET_BYTES = 25 * 2**20
PATIENCE = timedelta(hours=1)
"""How long a process waits for the others: long enough for one of them to read or write alone for a while."""


@dataclass(frozen=True)
class World:
    """One process among its peers: ``rank`` of ``size``, ``local_rank`` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """True for the one process that writes files and prints."""
        return self.rank == 0


def join_world() -> World:
    """Join the processes that torchrun started; a world of one where it did not.

    They stay joined until the process ends: a second meeting at the same place would find the traces of the first.
    What is on the CPU travels over gloo, so that processes with GPUs too can agree without waiting for a device.

    Raises:
        InputError: the environment names several processes, but not how to find them.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise InputError(
            f"WORLD_SIZE is {size}, but {missing[0]} is not set: start the processes with torchrun, or unset WORLD_SIZE"
        )
    world = World(int(os.environ["RANK"]), size, int(os.environ.get("LOCAL_RANK", "0")))
    if not dist.is_initialized():
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
        atexit.register(leave_world)
    return world


def own_device(device: torch.device, world: World) -> torch.device:
    """The device of this process: one GPU for each process of a machine.

    Raises:
        InputError: there are fewer GPUs than processes.
    """
    if device.type != "cuda" or world.size == 1:
        return device
    count = torch.cuda.device_count()
    if world.local_rank >= count:
        raise InputError(
            f"process {world.local_rank} of this machine has no GPU of its own, there are {count}: "
            f"use torchrun --nproc-per-node {count}, or --device cpu"
        )
    torch.cuda.set_device(world.local_rank)
    return torch.device("cuda", world.local_rank)


def leave_world() -> None:
    """Close the connections of :func:`join_world`, if there are any; done when the process ends."""
    if dist.is_initialized():
        dist.destroy_process_group()
        time.sleep(0.05)  # gloo's threads let go of their last tensors, which they cannot once the interpreter ends


def sync_grads(parameters: Iterable[nn.Parameter], size: int | None = None) -> None:
    """Average ``.grad`` over all ranks, in flat buckets of at most 25 MiB.

    Serves the steps that ``DistributedDataParallel`` cannot: several optimizers, gradient penalties alone,
    ``autograd.grad``, ``create_graph=True``. Every rank reduces the same buckets: where a parameter has no gradient on
    this rank, it counts as zero; where it has none on any rank, it keeps none, so that no optimizer moves it.

    Args:
        parameters: the same ones in the same order on every rank; those that do not require gradients are passed over.
        size: ranks; by default those of the process group, 1 where there is none.
    """
    if size is None:
        size = dist.get_world_size() if dist.is_initialized() else 1
    if size == 1:
        return
    bucket: list[nn.Parameter] = []
    filled = 0
    for parameter in parameters:
        if not parameter.requires_grad:
            continue
        nbytes = parameter.numel() * parameter.element_size()
        if bucket and (filled + nbytes > BUCKET_BYTES or parameter.dtype != bucket[0].dtype):
            _average(bucket, size)
            bucket, filled = [], 0
        bucket.append(parameter)
        filled += nbytes
    if bucket:
        _average(bucket, size)


@torch.no_grad()
def _average(bucket: list[nn.Parameter], size: int) -> None:
    absent = [number for number, parameter in enumerate(bucket) if parameter.grad is None]
    for number in absent:
        bucket[number].grad = torch.zeros_like(bucket[number])
    present = torch.ones_like(bucket[0].detach().flatten()[:1]).expand(len(bucket)).clone()
    present[absent] = 0
    gradients = [parameter.grad for parameter in bucket if parameter.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), present])
    dist.all_reduce(flat)
    flat /= size
    *averages, present = flat.split_with_sizes([*(gradient.numel() for gradient in gradients), len(bucket)])
    for gradient, averaged in zip(gradients, averages, strict=True):
        gradient.copy_(averaged.view_as(gradient))
    for number in absent:
        if present[number] == 0:
            bucket[number].grad = None


def average_tensor(value: Tensor, world: World) -> Tensor:
    """The mean of a tensor over the ranks."""
    if world.size == 1:
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / world.size


def copy_from_main(tensors: Iterable[Tensor], world: World) -> None:
    """Overwrite tensors with those of rank 0."""
    if world.size > 1:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), src=0)


def share_object(value: Any, world: World) -> Any:
    """What rank 0 holds, on every rank."""
    if world.size == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def gather_objects(value: Any, world: World) -> list[Any]:
    """What every rank holds, by rank, on every rank."""
    if world.size == 1:
        return [value]
    boxes: list[Any] = [None] * world.size
    dist.all_gather_object(boxes, value)
    return boxes
