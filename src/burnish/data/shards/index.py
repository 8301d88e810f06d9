"""The index of a shard set: where every sample lies, so that any can be read without those before it."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.data.data import Split
from burnish.data.schema import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.void]

INDEX = "index.json"
SAMPLES = "samples.npy"
FORMAT = "burnish-shards"
VERSION = 1

ROW = np.dtype([("offset", "<i8"), ("size", "<u4"), ("checksum", "<u4"), ("shard", "<i4"), ("label", "<i4")])
"""One sample: where its image begins in its shard, the image's bytes, their CRC-32, number of the shard, class."""


@dataclass(frozen=True)
class Shard:
    """One tar file; ``sha256`` is empty where others wrote it."""

    path: str
    split: Split
    samples: int
    bytes: int
    sha256: str = ""


@dataclass(frozen=True, eq=False)
class Index:
    """A shard set: its files and where its samples lie in them.

    Args:
        name: what the data set is called.
        schema: what its samples are.
        shards: the files; ``row["shard"]`` counts them from 0.
        rows: one :data:`ROW` a sample, shard by shard.
        checked: the rows hold checksums, so that damage is found when a sample is read.
    """

    name: str
    schema: Schema
    shards: tuple[Shard, ...]
    rows: Rows
    checked: bool

    @property
    def splits(self) -> dict[str, Rows]:
        """The rows of every split that has shards."""
        of_shard = np.array([shard.split for shard in self.shards])
        return {
            split: self.rows[(of_shard == split)[self.rows["shard"]]]
            for split in ("train", "validation", "test")
            if (of_shard == split).any()
        }

    def only(self, paths: Sequence[str]) -> Index:
        """The part of it that lies in some of the shards; paths that it does not know are passed over."""
        wanted = set(paths)
        kept = [number for number, shard in enumerate(self.shards) if shard.path in wanted]
        renumbered = np.full(len(self.shards), -1, np.int32)
        renumbered[kept] = np.arange(len(kept))
        rows = self.rows[renumbered[self.rows["shard"]] >= 0]
        rows["shard"] = renumbered[rows["shard"]]
        return replace(self, shards=tuple(self.shards[number] for number in kept), rows=rows)

    def write(self, folder: Path) -> None:
        """Write ``samples.npy`` and then ``index.json``, each in one move."""
        packed = io.BytesIO()
        np.save(packed, self.rows, allow_pickle=False)
        write_atomically(folder / SAMPLES, packed.getvalue())
        plain = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "checked": self.checked,
            "schema": self.schema.to_dict(),
            "samples": {"file": SAMPLES, "sha256": hashlib.sha256(packed.getbuffer()).hexdigest()},
            "shards": [asdict(shard) for shard in self.shards],
        }
        write_atomically(folder / INDEX, json.dumps(plain, indent=1) + "\n")


def has_index(folder: Path) -> bool:
    """Whether burnish wrote an index into a folder; other programs use the name ``index.json`` too."""
    try:
        with open(folder / INDEX, encoding="utf-8", errors="replace") as file:
            return FORMAT in file.read(100)
    except OSError:
        return False


def read_index(folder: Path, only: Sequence[str] | None = None) -> Index:
    """Read the index in a folder and look whether its shards are there, whole by their size.

    Args:
        folder: an absolute path.
        only: absolute paths of the shards that are wanted; by default all.

    Raises:
        InputError: the index is damaged or of another kind; a shard is missing or has another size.
    """
    plain = _plain(folder / INDEX)
    rows = _rows(folder / plain["samples"]["file"], plain["samples"]["sha256"])
    shards = tuple(
        Shard(os.path.join(folder, found["path"]), found["split"], found["samples"], found["bytes"], found["sha256"])
        for found in plain["shards"]
    )
    index = Index(plain["name"], Schema.from_dict(plain["schema"]), shards, rows, plain["checked"])
    index = index if only is None else index.only(only)
    for shard in index.shards:
        _look_at(shard, folder / INDEX)
    return index


def _look_at(shard: Shard, index: Path) -> None:
    try:
        size = os.stat(shard.path).st_size
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise InputError(
            f"shard {shard.path} {reason}, and {shard.samples} samples with it: bring it back, or name other shards "
            "with a pattern"
        ) from None
    if size != shard.bytes:
        what = "truncated" if size < shard.bytes else "another file"
        raise InputError(
            f"shard {shard.path} is {what}: it has {size} bytes where {index} says {shard.bytes}; copy it again from "
            "where it is whole"
        )


def _plain(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise ValueError(plain["format"])
        version = int(plain["version"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{path} is no index of shards that burnish can read: write the shards again with 'burnish data shard', "
            f"or name them with a pattern, {path.parent}/*.tar"
        ) from None
    if version > VERSION:
        raise InputError(f"{path} has version {version}, this burnish reads up to {VERSION}: use a newer burnish")
    found: dict[str, Any] = plain
    return found


def _rows(path: Path, sha256: str) -> Rows:
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {(error.strerror or str(error)).lower()}; bring it back") from None
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise InputError(f"{path} is not what {path.parent / INDEX} says (wrong checksum): copy both again")
    rows: Rows = np.load(io.BytesIO(packed), allow_pickle=False)
    return rows
