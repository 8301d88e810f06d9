"""What training forwards go through when several processes share a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Literal

import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.tasks.task import Task
from burnish.training.distributed import World, copy_from_main

Parallel = Literal["ddp", "fsdp"]


def wrapper(
    task: Task, world: World, device: torch.device, parallel: Parallel = "ddp"
) -> Callable[[nn.Module], nn.Module] | None:
    """What makes a module fit for several processes; None for one process, which needs nothing.

    ``ddp``: ``DistributedDataParallel``, a whole copy of the model in every process. Tasks with their own gradients
    train the module itself, and :func:`burnish.training.distributed.sync_grads` averages. ``fsdp``: every process keeps
    a part of each weight, see :func:`shard_`. All start from the weights of rank 0.

    Raises:
        InputError: ``fsdp`` with a task that takes its own gradients.
    """
    if parallel == "fsdp" and task.own_gradients:
        raise InputError(
            f"task '{task.name}' takes gradients in its own way, which sharded weights cannot follow: "
            "use --parallel ddp"
        )
    if world.size == 1:
        return None
    if parallel == "fsdp":
        return lambda module: shard_(module, world, device)

    def wrap(module: nn.Module) -> nn.Module:
        if task.own_gradients:
            copy_from_main(chain(module.parameters(), module.buffers()), world)
            return module
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(module, device_ids=[device.index] if device.type == "cuda" else None)

    return wrap


def check_processes(parallel: Parallel, world: World) -> None:
    """Refuse to shard a model over a single process.

    Raises:
        InputError: that is what was asked for.
    """
    if parallel == "fsdp" and world.size == 1:
        raise InputError(
            "--parallel fsdp shares a model among processes, and this is one alone: start several with "
            "torchrun --nproc-per-node 2 -m burnish fit ..., or leave --parallel out"
        )


def shard_(module: nn.Module, world: World, device: torch.device) -> nn.Module:
    """Split the parameters of a module over the processes by rows, in place; returns the module.

    Source: Zhao et al. 2023, "PyTorch FSDP", arXiv:2304.11277, in torch's second form (``fully_shard``). Blocks are
    gathered for their forward and backward one after another, so that the whole model is never in one place.

    Parameters are split again after every forward, also outside of training: otherwise weights that change between two
    forwards, as they do when an average is tried on, would not be seen.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    copy_from_main(chain(module.parameters(), module.buffers()), world)
    module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    mesh = init_device_mesh(device.type, (world.size,))
    for part in (*blocks(module), module):
        fully_shard(part, mesh=mesh, reshard_after_forward=True)
    return module


def blocks(module: nn.Module) -> list[nn.Module]:
    """The parts that are gathered on their own: the members of the outermost lists and sequences of modules.

    Those are called as modules, which the gathering needs; other children may only lend their weights. None where
    parameters are shared between parts: they have to be gathered together.

    >>> [type(part).__name__ for part in blocks(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))]
    ['Linear', 'Linear']
    """
    uses = Counter(id(parameter) for _, parameter in module.named_parameters(remove_duplicate=False))
    if max(uses.values(), default=0) > 1:
        return []
    found: list[nn.Module] = []
    children = [module] if isinstance(module, nn.Sequential | nn.ModuleList) else list(module.children())
    for child in children:
        if isinstance(child, nn.Sequential | nn.ModuleList):
            found += [part for part in child if any(True for _ in part.parameters())]
        else:
            found += blocks(child)
    return found
