"""What lies in a tar file, from its headers alone."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from burnish.common.errors import InputError

_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd", b"BZ": "bzip2", b"\xfd7": "xz"}
_BLOCK = 2**20


class Member(NamedTuple):
    """A file in a tar: its name, where its content begins, and how many bytes it has."""

    name: str
    offset: int
    size: int


class Group(NamedTuple):
    """The members of one sample, by what follows the first dot of their names: ``{"jpg": ..., "cls": ...}``."""

    key: str
    members: dict[str, Member]


def members(path: str) -> Iterator[Member]:
    """The files in a tar, in their order; folders and links are left out.

    Unlike :mod:`tarfile`, which takes a damaged header for the end, it does not stop without a word.

    Raises:
        InputError: the tar is missing, compressed, truncated or damaged.
    """
    try:
        with open(path, "rb") as file:
            packed = _PACKED.get(file.read(2))
            if packed:
                raise InputError(
                    f"shard {path} is compressed ({packed}), so its samples cannot be read by their place: unpack it "
                    "to a plain .tar; images gain nothing from a second compression"
                )
            file.seek(0)
            yield from _walk(path, file)
    except OSError as error:
        raise InputError(f"cannot read shard {path}: {(error.strerror or str(error)).lower()}") from None


def _walk(path: str, file: IO[bytes]) -> Iterator[Member]:
    at = 0
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while (found := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                if found.isfile():
                    yield Member(found.name, found.offset_data, found.size)
                at = archive.offset
    except tarfile.TarError as error:
        last = min(at, os.fstat(file.fileno()).st_size)
        raise InputError(
            f"shard {path} is truncated or no tar, at byte {last} ({error}): copy it again from where it is whole"
        ) from None
    file.seek(at)
    rest = file.read(_BLOCK)
    if len(rest) < tarfile.BLOCKSIZE:
        raise InputError(
            f"shard {path} is truncated: it stops after byte {at} without the empty block that ends a tar; copy it "
            "again from where it is whole"
        )
    while rest:
        if rest.count(0) < len(rest):
            raise InputError(
                f"shard {path} is damaged: there is no header at byte {at}, and more follows; copy it again, or write "
                "it again where tars were joined by cat"
            )
        rest = file.read(_BLOCK)


def groups(path: str) -> Iterator[Group]:
    """The samples in a tar: neighbours whose names are the same up to the first dot.

    Names that begin with ``._`` or ``__`` are no samples.

    Raises:
        InputError: the tar cannot be read, or a sample has two members of one kind.
    """
    current: Group | None = None
    for member in members(path):
        folder, slash, name = member.name.rpartition("/")
        stem, _, kind = name.partition(".")
        if not stem or name.startswith("__"):
            continue
        key, kind = f"{folder}{slash}{stem}", kind.lower()
        if current is None or current.key != key:
            if current is not None:
                yield current
            current = Group(key, {})
        if kind in current.members:
            raise InputError(f"sample {key} in shard {path} has two members .{kind}: a sample has one of each kind")
        current.members[kind] = member
    if current is not None:
        yield current
