"""Making a run folder, and the lock that keeps a second writer out."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from burnish.common.errors import InputError


def make_run_folder(out: Path, verb: str) -> Path:
    """Create ``out/NNNN-verb`` with the next free number.

    Raises:
        InputError: ``out`` is not a folder, or cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        while True:
            numbers = [int(path.name[:4]) for path in out.iterdir() if path.name[:4].isdigit()]
            path = out / f"{max(numbers, default=0) + 1:04d}-{verb}"
            try:
                path.mkdir()
            except FileExistsError:
                continue  # somebody else took the number between the look and the making
            return path.resolve()
    except OSError as error:
        raise InputError(f"cannot make a run folder in '{out}': {error.strerror}; choose another with --out") from None


class RunLock:
    """Hold a run folder while writing to it; the system lets go when the process dies, however it dies.

    Raises:
        InputError: another process holds it.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / "lock"
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise InputError(
                f"run {self.path.parent} is being written by process {holder}: wait for it, or stop it first"
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
