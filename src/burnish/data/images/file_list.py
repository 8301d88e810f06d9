"""Many file paths in one block of memory."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
from torch import Tensor


class FileList:
    """Paths below a folder, by number.

    They are held as one string of bytes and one array, not as a list: worker processes share these pages for good,
    where a million Python strings would be copied into every worker, one by one, as their reference counts change.

    Args:
        root: the folder.
        names: paths relative to it.

    >>> files = FileList("photos", ["cat/1.jpg", "dog/1.jpg"])
    >>> len(files), files[1]
    (2, 'photos/dog/1.jpg')
    """

    def __init__(self, root: str | os.PathLike[str], names: Iterable[str]) -> None:
        encoded = [os.fsencode(name) for name in names]
        self.root = os.fspath(root)
        self._bytes = b"".join(encoded)
        self._ends = np.cumsum([len(name) for name in encoded], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(f"file {number} of {len(self)}")
        return os.path.join(self.root, self._name(number))

    def take(self, index: Tensor) -> FileList:
        """Some of the files, in the order of ``index`` ``(n,)``."""
        return FileList(self.root, map(self._name, index.tolist()))

    def _name(self, number: int) -> str:
        start = int(self._ends[number - 1]) if number else 0
        return os.fsdecode(self._bytes[start : int(self._ends[number])])
