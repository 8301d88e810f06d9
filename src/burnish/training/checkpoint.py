"""Checkpoints: folders that exist whole or not at all, and that prove it when they are read.

A checkpoint ``step-0000000123/`` holds ``state.pt`` (plain data and tensors), ``rng-<rank>.pt`` for every rank,
``shards/`` where weights are split over ranks, and ``manifest.json`` with a SHA-256 per file. It is written under a
temporary name, fsynced and renamed. Reading it back runs no code: ``weights_only=True``, and safetensors for shards.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from burnish.common.errors import BurnishError, CheckpointError
from burnish.common.files import fsync_folder, write_atomically
from burnish.common.seeding import RngState
from burnish.training.agreement import one_voice
from burnish.training.distributed import World
from burnish.training.sharded import put_back, take_out, write_shards

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

MANIFEST = "manifest.json"
DIGITS = 10


def checkpoint_name(step: int, prefix: str = "step") -> str:
    """Folder name of a checkpoint; names sort by step.

    >>> checkpoint_name(123)
    'step-0000000123'
    """
    return f"{prefix}-{step:0{DIGITS}d}"


def step_of(path: Path) -> int:
    """The step in a checkpoint's name."""
    return int(path.name.rsplit("-", 1)[1])


def list_checkpoints(folder: Path, prefix: str = "step") -> list[Path]:
    """Checkpoints of one kind, oldest first."""
    return sorted(path for path in folder.glob(f"{prefix}-{'[0-9]' * DIGITS}") if path.is_dir())


def write_checkpoint(
    folder: Path, step: int, state: dict[str, Any], rng: RngState | None, world: World, *, prefix: str = "step"
) -> Path:
    """Write one checkpoint; every rank calls this, rank 0 writes the state, each its own generators and shards.

    Raises:
        CheckpointError: the disk is full or not writable. Checkpoints written before are untouched.
    """
    target = folder / checkpoint_name(step, prefix)
    unfinished = folder / f".{target.name}.tmp"
    shards: dict[str, Tensor] = {}
    plain = take_out(state, shards)
    try:
        with one_voice(world), _explained(target):
            if world.is_main:
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
        with one_voice(world), _explained(target):
            if rng is not None:
                _save(rng, unfinished / f"rng-{world.rank}.pt")
            if world.is_main:
                _save(plain, unfinished / "state.pt")
        if shards:
            with one_voice(world), _explained(target):
                write_shards(shards, unfinished)
        with one_voice(world), _explained(target):
            if world.is_main:
                _seal(unfinished)
                if target.exists():
                    target.rename(folder / f".{target.name}.old.tmp")
                    shutil.rmtree(folder / f".{target.name}.old.tmp", ignore_errors=True)
                unfinished.rename(target)
                fsync_folder(folder)
    except BurnishError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return target


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Turn a failure to write into a line for the user."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        kept = [path.name for path in list_checkpoints(target.parent)]
        after = (
            f"{kept[-1]} is intact: free some space, then resume" if kept else "there is none before it: start again"
        )
        raise CheckpointError(f"could not write checkpoint {target}: {reason}; {after}") from error


def read_checkpoint(path: Path, mesh: DeviceMesh | None = None) -> dict[str, Any]:
    """Verify a checkpoint and return its state.

    Args:
        path: the checkpoint.
        mesh: the processes that split weights go to (:func:`burnish.training.sharded.mesh_of`); None gives whole ones.

    Raises:
        CheckpointError: a file is missing, truncated or altered, or holds more than plain data.
    """
    for name in _verify(path):
        if name.startswith("rng-"):
            _load(path / name)  # while there is still the choice of an older checkpoint
    state: dict[str, Any] = put_back(_load(path / "state.pt"), path, mesh)
    return state


def read_rng(path: Path, rank: int) -> RngState | None:
    """The generators of one rank, or None where the checkpoint was written by fewer ranks."""
    file = path / f"rng-{rank}.pt"
    return _load(file) if file.exists() else None


def read_latest(
    folder: Path, prefix: str = "step", mesh: DeviceMesh | None = None
) -> tuple[Path, dict[str, Any], list[str]]:
    """The newest checkpoint that can be trusted; ``mesh`` as in :func:`read_checkpoint`.

    Returns:
        Its path, its state, and one line for each newer checkpoint that was refused.

    Raises:
        CheckpointError: there is none, or none that can be trusted.
    """
    refused: list[str] = []
    for path in reversed(list_checkpoints(folder, prefix)):
        try:
            return path, read_checkpoint(path, mesh), refused
        except CheckpointError as error:
            refused.append(f"{error}; the one before it is used")
    if refused:
        raise CheckpointError(
            f"no checkpoint in {folder} can be trusted: {refused[0].removesuffix('; the one before it is used')}"
        )
    raise CheckpointError(
        f"there is no checkpoint in {folder}: nothing was saved before the run stopped, so start it again"
    )


def drop_old_checkpoints(folder: Path, keep: int, prefix: str = "step") -> None:
    """Remove all but the newest ``keep``. Each is renamed first, so that a kill never leaves half of one in sight."""
    for path in list_checkpoints(folder, prefix)[:-keep]:
        leaving = folder / f".{path.name}.old.tmp"
        path.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing or removing."""
    for path in folder.glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)


def _save(value: Any, path: Path) -> None:
    with open(path, "wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a crafted pickle can make its reader fail in any way
        what = "holds something other than plain data" if "weights_only" in str(error) else "cannot be read"
        raise CheckpointError(f"checkpoint file {path} {what} and is refused") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"checkpoint file {path} holds a {type(loaded).__name__}, not a state, and is refused")
    return loaded


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {str(path.relative_to(folder)): _digest(path) for path in files}
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1))


def _verify(path: Path) -> list[str]:
    """The names of the files that the manifest vouches for."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError
    except (OSError, ValueError):
        raise CheckpointError(f"checkpoint {path} has no readable manifest and is refused") from None
    for name, digest in manifest.items():
        file = path / name
        if not file.is_file():
            raise CheckpointError(f"checkpoint {path} lacks {name} and is refused")
        if _digest(file) != digest:
            raise CheckpointError(
                f"checkpoint {path} is truncated or was altered ({name} does not match its SHA-256) and is refused"
            )
    if "state.pt" not in manifest:
        raise CheckpointError(f"checkpoint {path} does not vouch for its state and is refused")
    return list(manifest)
