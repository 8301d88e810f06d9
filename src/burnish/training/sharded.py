"""Parameters that are split over processes: in checkpoints, on another number of processes, and whole again.

In a checkpoint, ``shards/`` holds the split tensors, written by every process through ``torch.distributed.checkpoint``
as safetensors files that say which rows they are. ``state.pt`` names them where they belong. Nothing is pickled.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from burnish.common.errors import CheckpointError
from burnish.training.distributed import World

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

SHARDS = "shards"
_MARK = "burnish.shard"


def is_sharded(tensor: Any) -> bool:
    """Whether this process holds only its part of a tensor."""
    return isinstance(tensor, Tensor) and hasattr(tensor, "full_tensor")


def mesh_of(module: nn.Module) -> DeviceMesh | None:
    """The processes that a module is split over, or None where it is whole."""
    parameter = next((p for p in module.parameters() if is_sharded(p)), None)
    return None if parameter is None else parameter.device_mesh  # type: ignore[attr-defined]


def take_out(state: Any, shards: dict[str, Tensor], place: str = "") -> Any:
    """A copy of nested plain data in which every split tensor is replaced by its name; they go into ``shards``.

    >>> take_out({"weights": [torch.ones(1)], "step": 3}, {})
    {'weights': [tensor([1.])], 'step': 3}
    """
    if is_sharded(state):
        shards[place] = state
        return {_MARK: place, "shape": list(state.shape), "dtype": str(state.dtype).removeprefix("torch.")}
    if isinstance(state, dict):
        return {key: take_out(value, shards, f"{place}/{key}" if place else str(key)) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(take_out(value, shards, f"{place}/{n}") for n, value in enumerate(state))
    return state


def write_shards(shards: dict[str, Tensor], folder: Path) -> None:
    """Write the parts of all processes; every rank calls this.

    Raises:
        OSError: a process could not write its part; all ranks raise it.
    """
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    try:
        save(shards, storage_writer=HuggingFaceStorageWriter(str(folder / SHARDS), save_distributed=True))
    except CheckpointException as error:
        raise OSError(_reason(error)) from error


def put_back(state: Any, folder: Path, mesh: DeviceMesh | None) -> Any:
    """Undo :func:`take_out`: read what :func:`write_shards` wrote, whatever the number of processes was.

    Args:
        state: nested plain data with names of split tensors in it.
        folder: the checkpoint.
        mesh: the processes to split over now; each reads its own rows alone. None reads whole tensors.

    Raises:
        CheckpointError: a part is missing.
    """
    wanted: dict[str, Tensor] = {}
    filled = _fill(state, mesh, wanted)
    if wanted:
        from torch.distributed.checkpoint.api import CheckpointException
        from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
        from torch.distributed.checkpoint.state_dict_loader import load

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about loading alone, which is meant: nobody needs to wait for anybody
            try:
                load(wanted, storage_reader=HuggingFaceStorageReader(str(folder / SHARDS)), no_dist=True)
            except (CheckpointException, Exception) as error:
                raise CheckpointError(f"the shards of checkpoint {folder} cannot be read: {_reason(error)}") from error
    return filled


def _reason(error: BaseException) -> str:
    """The first process's failure in a line; torch wraps the failures of all into an exception of its own."""
    failures = getattr(error, "failures", None)
    inner = next(iter(failures.values()))[0] if failures else error
    return str(inner).splitlines()[0] if str(inner) else type(inner).__name__


def _fill(state: Any, mesh: DeviceMesh | None, wanted: dict[str, Tensor]) -> Any:
    if isinstance(state, dict) and _MARK in state:
        name, dtype = state[_MARK], getattr(torch, state["dtype"])
        if mesh is None:
            wanted[name] = torch.empty(state["shape"], dtype=dtype)
        else:
            from torch.distributed.tensor import Shard, zeros

            wanted[name] = zeros(*state["shape"], dtype=dtype, device_mesh=mesh, placements=[Shard(0)])
        return wanted[name]
    if isinstance(state, dict):
        return {key: _fill(value, mesh, wanted) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_fill(value, mesh, wanted) for value in state)
    return state


def split_like(
    state: dict[str, Any], module: nn.Module, optimizers: dict[str, Optimizer] | None = None
) -> dict[str, Any]:
    """An engine's state in which whole tensors are split where the parameters are; what fits comes back as it is.

    Each process cuts its own rows out of what it has read, so nothing is sent.
    """
    if mesh_of(module) is None:
        return state
    named = dict(module.named_parameters(remove_duplicate=False))
    state = state | {"module": {name: _cut(value, named.get(name)) for name, value in state["module"].items()}}
    if state.get("average") is not None:
        weights = {name: _cut(value, named.get(name)) for name, value in state["average"]["weights"].items()}
        state["average"] = state["average"] | {"weights": weights}
    for name, optimizer in (optimizers or {}).items():
        saved = state["optimizers"][name]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        per_parameter = {
            number: {key: _cut(value, parameters[number]) for key, value in entries.items()}
            for number, entries in saved["state"].items()
        }
        state["optimizers"] = state["optimizers"] | {name: saved | {"state": per_parameter}}
    return state


def _cut(value: Any, like: Tensor | None) -> Any:
    if like is None or not is_sharded(like) or is_sharded(value):
        return value
    if not isinstance(value, Tensor) or value.shape != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    mesh, placements = like.device_mesh, like.placements  # type: ignore[attr-defined]
    return distribute_tensor(value.to(like.device), mesh, placements, src_data_rank=None)


@torch.no_grad()
def whole_state(module: nn.Module, world: World) -> dict[str, Tensor]:
    """The state dict with whole tensors on the CPU of rank 0, one gathered after another; empty on the others."""
    state = {}
    for name, value in module.state_dict().items():
        whole = value.full_tensor() if is_sharded(value) else value
        if world.is_main:
            state[name] = whole.detach().cpu().clone()
    return state
