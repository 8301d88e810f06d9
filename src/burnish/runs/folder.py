"""Making a run folder, and the lock that keeps a second writer out."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from burnish.common.errors import InputError

_NUMBERED = re.compile(r"([0-9]{4,})-")


def make_run_folder(out: Path, verb: str) -> Path:
    """Create ``out/NNNN-verb`` with the next free number; processes that ask at the same time get different numbers.

    Raises:
        InputError: ``out`` is not a folder, or cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     [make_run_folder(Path(out), "fit").name for _ in range(2)]
    ['0001-fit', '0002-fit']
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _alone_in(out):
            numbers = [int(found[1]) for path in out.iterdir() if (found := _NUMBERED.match(path.name))]
            path = out / f"{max(numbers, default=0) + 1:04d}-{verb}"
            path.mkdir()
            return path.resolve()
    except OSError as error:
        raise InputError(f"cannot make a run folder in '{out}': {error.strerror}; choose another with --out") from None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems do not lock folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


_held: set[int] = set()
"""Handles of the locks of this process."""


def _let_go_in_child() -> None:
    for handle in _held:
        os.close(handle)
    _held.clear()


# A lock lasts until the last process that has its handle is gone, and loader workers outlive a killed run by seconds.
os.register_at_fork(after_in_child=_let_go_in_child)


class RunLock:
    """Hold a run folder while writing to it; the system lets go when the process dies, however it dies.

    Args:
        run: the folder; its file ``lock`` names the process that holds it.

    Raises:
        InputError: on entering, another process holds it, or the folder cannot be written.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / "lock"
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        handle = None
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            self._take(handle)
        except BaseException as error:
            if handle is not None:
                os.close(handle)
            if isinstance(error, OSError):
                raise InputError(
                    f"cannot write in run {self.path.parent}: {error.strerror}; check its owner and the free space"
                ) from None
            raise
        self._handle = handle
        _held.add(handle)
        return self

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise InputError(
                f"run {self.path.parent} is being written by process {holder}: wait for it, or stop it first"
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None and self._handle in _held:
            _held.remove(self._handle)
            os.close(self._handle)
        self._handle = None
