"""What training forwards go through when several processes share a model."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from burnish.tasks.task import Task
from burnish.training.distributed import World


def wrapper(task: Task, world: World, device: torch.device) -> Callable[[nn.Module], nn.Module] | None:
    """``DistributedDataParallel`` where it serves, None where it is not needed or cannot.

    Tasks with their own gradients are averaged by :func:`burnish.training.distributed.sync_grads` instead.
    """
    if world.size == 1 or task.own_gradients:
        return None

    def wrap(module: nn.Module) -> nn.Module:
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(module, device_ids=[device.index] if device.type == "cuda" else None)

    return wrap
