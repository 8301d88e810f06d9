"""Shards as data: a folder with an index, or a pattern of tar files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from burnish.common.errors import InputError
from burnish.data.data import Data
from burnish.data.options import DataOptions
from burnish.data.shards.decoded import decoded
from burnish.data.shards.index import Index, has_index, read_index
from burnish.data.shards.pattern import shard_files
from burnish.data.shards.scan import indexed
from burnish.data.shards.source import ShardSource
from burnish.data.source import Source, Subset
from burnish.data.splits import complete_splits


def load_shards(origin: str | Path, options: DataOptions, seed: int) -> Data:
    """Load ``shards/`` with the index that burnish wrote, or ``shards/{0000..0107}.tar`` in the WebDataset layout.

    Where decoded images take at most ``options.cache_mb`` they are decoded once, on all cores. Otherwise shards are
    read while training, from front to back but for a shuffle within a window; memory holds 24 bytes a sample. A pattern
    may name some shards of a set: one split of it is then taken as the whole.

    Args:
        origin: a folder or a pattern.
        options: ``input_size``, ``cache_mb``, and the shares of splits that the set lacks.
        seed: decides which samples are held out.

    Raises:
        InputError: shards are missing, truncated or damaged, a sample lacks its image or label, or an option cannot be.
    """
    if options.input_size is not None and options.input_size < 1:
        raise InputError(f"input_size must be at least 1 pixel, got {options.input_size}")
    index, notes = _index(origin)
    channels, *size = index.schema.input_shape
    height, width = size if options.input_size is None else (options.input_size,) * 2
    if len(index.schema.classes) < 2:
        raise InputError(
            f"{origin} has one class only ('{index.schema.classes[0]}'): telling classes apart needs two or more"
        )
    schema = replace(index.schema, input_shape=(channels, height, width))
    paths = tuple(shard.path for shard in index.shards)
    found = {split: ShardSource(paths, rows, schema.input_shape, index.checked) for split, rows in index.splits.items()}
    if "train" not in found:
        if len(found) > 1:
            raise InputError(
                f"'{origin}' names shards of {' and '.join(found)} alone: name one split, or training shards"
            )
        (only,) = found
        notes.append(f"the shards are those of the {only} split; they are taken as a whole")
        found = {"train": found[only]}
    splits: dict[str, Source] = dict(found)
    train, validation, test = map(_narrowed, complete_splits(splits, options, seed))
    count, stored = len(index.rows), sum(shard.bytes for shard in index.shards)
    needed = count * channels * height * width
    told = f"{count} images in {len(paths)} shard{'s' * (len(paths) > 1)}, {stored / 1e6:.0f} MB,"
    notes.append(f"{told} are brought to {width}x{height} pixels; input_size= changes it")
    if needed <= options.cache_mb * 2**20:
        train, validation, test = map(_decoded, (train, validation, test))
    else:
        notes.append(
            f"decoded they take {needed / 2**20:.0f} MB, more than cache_mb={options.cache_mb}: shards are read while "
            "training, faster with workers beside it"
        )
    location = os.path.abspath(Path(origin).expanduser())
    return Data(index.name, schema, train, validation, test, origin=location, notes=tuple(notes))


def _index(origin: str | Path) -> tuple[Index, list[str]]:
    path = Path(origin).expanduser()
    if has_index(path):
        return read_index(Path(os.path.abspath(path))), []
    files = shard_files(str(origin))
    folder = Path(files[0]).parent
    if has_index(folder):
        whole = read_index(folder, only=files)
        if len(whole.shards) == len(files):
            return whole, []
    index, note = indexed(files, folder.name)
    return index, [note] if note else []


def _narrowed(source: Source) -> Source:
    """A part of a split as a source of its own, which knows the order on disk."""
    if isinstance(source, Subset) and isinstance(source.source, ShardSource):
        return source.source.take(source.index)
    return source


def _decoded(source: Source) -> Source:
    return decoded(source) if isinstance(source, ShardSource) and len(source) else source
