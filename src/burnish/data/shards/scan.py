"""Shards that others wrote: an index of them, made once from their headers and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from burnish.common.errors import InputError
from burnish.data.images.common_shape import common_shape
from burnish.data.images.decode import SUFFIXES
from burnish.data.named.locate import cache_folder
from burnish.data.schema import Schema
from burnish.data.shards.index import INDEX, ROW, VERSION, Index, Shard, read_index
from burnish.data.shards.members import Group, groups
from burnish.data.shards.source import ShardSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from burnish.data.shards.index import Rows

_IMAGES = tuple(suffix.removeprefix(".") for suffix in sorted(SUFFIXES))
_SAMPLE = 100
_MOST_CLASSES = 1_000_000
_EXPECTED = "expected NAME.jpg (png, webp ...) beside NAME.cls, or beside NAME.json with a 'label'"


def indexed(paths: Sequence[str], name: str) -> tuple[Index, str | None]:
    """The index of shards that others wrote; kept in the cache until one of the files changes.

    Args:
        paths: the tar files, all of one set.
        name: what to call the set.

    Returns:
        The index, and a note for the user where it was made just now.

    Raises:
        InputError: a shard is truncated or damaged, or a sample lacks its image or its label.
    """
    folder = cache_folder() / "shards" / _fingerprint(paths)
    if (folder / INDEX).is_file():
        try:
            return read_index(folder), None
        except InputError:
            pass  # it is only a copy of what the shards say
    if os.environ.get("RANK", "0") == "0":
        print(f"reading the headers of {len(paths)} shards, once", file=sys.stderr)
    index = scan(paths, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        index.write(folder)
    except OSError as error:
        return index, f"the index of the shards could not be kept in {folder} ({error.strerror}): it is made every time"
    return index, f"the headers of {len(paths)} shards were read; their index is kept in {folder}"


def scan(paths: Sequence[str], name: str) -> Index:
    """Make the index of tar files from their headers and labels.

    Classes are the labels themselves where they are numbers (``"0"`` to the largest), else their sorted names.

    Raises:
        InputError: as :func:`indexed`.
    """
    codes: dict[int | str, int] = {}
    columns = {column: array("q") for column in ("offset", "size", "shard", "label")}
    shards = []
    for number, path in enumerate(paths):
        before = len(columns["label"])
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for group in groups(path):
                image = _image(group, path)
                label = _label(group, path, handle)
                values = (*image, number, codes.setdefault(label, len(codes)))
                for found, value in zip(columns.values(), values, strict=True):
                    found.append(value)
        finally:
            os.close(handle)
        if len(columns["label"]) == before:
            raise InputError(f"shard {path} has no samples: {_EXPECTED}")
        shards.append(Shard(path, "train", len(columns["label"]) - before, os.stat(path).st_size))
    rows = np.zeros(len(columns["label"]), ROW)
    for column, found in columns.items():
        rows[column] = np.frombuffer(found, np.int64)
    classes, new = _classes(codes, paths[0])
    rows["label"] = new[rows["label"]]
    shape = _shape(paths, rows)
    return Index(name, Schema("image", "classification", shape, classes=classes), tuple(shards), rows, checked=False)


def _fingerprint(paths: Sequence[str]) -> str:
    facts = [(path, (found := os.stat(path)).st_size, found.st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([VERSION, *facts]).encode()).hexdigest()[:32]


def _image(group: Group, path: str) -> tuple[int, int]:
    kinds = [kind for kind in group.members if kind in _IMAGES]
    if len(kinds) != 1:
        first = next(iter(group.members.values()))
        what = f"two images, .{kinds[0]} and .{kinds[1]}" if kinds else f"no image, only .{', .'.join(group.members)}"
        hint = "" if kinds else "; the members of a sample must follow one another"
        raise InputError(
            f"sample {group.key} in shard {path} at byte {first.offset} has {what}: expected one{hint}; write the "
            "shard again"
        )
    image = group.members[kinds[0]]
    return image.offset, image.size


def _label(group: Group, path: str, handle: int) -> int | str:
    member = group.members.get("cls") or group.members.get("json")
    first = next(iter(group.members.values()))
    where = f"sample {group.key} in shard {path} at byte {first.offset}"
    if member is None:
        raise InputError(
            f"{where} has no label, only .{', .'.join(group.members)}: {_EXPECTED}; the members of a sample must "
            "follow one another"
        )
    try:
        text = os.pread(handle, member.size, member.offset).decode().strip()
        found = text if "cls" in group.members else json.loads(text)["label"]
        found = int(found) if isinstance(found, str) and found.lstrip("-").isdecimal() else found
    except (ValueError, KeyError, TypeError):
        found = None
    if isinstance(found, bool) or not isinstance(found, int | str) or found == "":
        raise InputError(f"{where} has no label that can be read in .{member.name.rpartition('.')[2]}: {_EXPECTED}")
    if isinstance(found, int) and not 0 <= found < _MOST_CLASSES:
        raise InputError(f"{where} has the label {found}: expected a number from 0 to {_MOST_CLASSES - 1}, or a name")
    return found


def _classes(codes: dict[int | str, int], path: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names of the classes in label order, and the label of every code."""
    numbers = [label for label in codes if isinstance(label, int)]
    texts = sorted(label for label in codes if isinstance(label, str))
    if numbers and texts:
        raise InputError(
            f"some labels of {Path(path).parent} are numbers ({numbers[0]}) and some are names ('{texts[0]}'): "
            "write them all in one way"
        )
    known = dict(zip(texts, range(len(texts)), strict=True)) if texts else {number: number for number in numbers}
    new = np.zeros(len(codes), np.int32)
    for label, code in codes.items():
        new[code] = known[label]  # type: ignore[index]
    return tuple(texts) or tuple(str(number) for number in range(max(numbers) + 1)), new


def _shape(paths: Sequence[str], rows: Rows) -> tuple[int, int, int]:
    """The shape that all images are brought to, from some of them: as for a folder of images."""
    some = rows[:: -(-len(rows) // _SAMPLE)]
    source = ShardSource(paths, some, (0, 0, 0), checked=False)
    return common_shape(source.sizes())
