"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
from pathlib import Path


def fsync_folder(path: Path) -> None:
    """Make renames inside a folder survive a power cut.

    Raises:
        OSError: there is no such folder, or the disk fails.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write to a temporary name in the same folder, fsync, rename over ``path``.

    Args:
        path: the file; its folder exists.
        content: bytes, or a text, which is written as UTF-8.

    Raises:
        OSError: the disk is full or the folder cannot be written; ``path`` is then as it was, and no part of the new
            file stays.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "answer.txt", "42")
    ...     [(path.name, path.read_text()) for path in Path(folder).iterdir()]
    [('answer.txt', '42')]
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)
