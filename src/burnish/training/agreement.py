"""When one of several processes fails, all stop, and one of them says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from burnish.common.errors import BurnishError, PeerError
from burnish.training.distributed import World, gather_objects


@contextmanager
def one_voice(world: World) -> Iterator[None]:
    """Run a block on every rank; leave it only when all are through, and together when one of them failed.

    The failing rank with the lowest number raises its error as it is, the others :class:`PeerError`, which nobody
    prints. Without this the others would wait for the failed one, or all would print the same line. Every rank must
    come to this block, and inside it a rank may fail only where the others do not wait for it.

    >>> with one_voice(World()):
    ...     pass
    """
    failure: Exception | None = None
    try:
        yield
    except Exception as error:
        failure = error
    failures = gather_objects(None if failure is None else _line(failure), world)
    speaker = next((rank for rank, line in enumerate(failures) if line is not None), None)
    if failure is not None and speaker == world.rank:
        raise failure
    if speaker is not None:
        raise PeerError(f"process {speaker} of {world.size} stopped: {failures[speaker]}") from failure


@contextmanager
def lost_contact(world: World) -> Iterator[None]:
    """Turn the failure of a collective whose other side is gone into a line for the user.

    Raises:
        BurnishError: instead of the transport's error.
    """
    try:
        yield
    except RuntimeError as error:
        broken = isinstance(error, dist.DistBackendError | dist.DistNetworkError) or "gloo/transport" in str(error)
        if world.size == 1 or not broken:
            raise
        raise BurnishError(
            f"process {world.rank} lost contact with another process of this run, which says why or was killed; "
            "go on from the last checkpoint with --resume RUN"
        ) from error


def _line(error: Exception) -> str:
    return str(error) if isinstance(error, BurnishError) else f"{type(error).__name__}: {error}"
