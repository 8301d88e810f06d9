"""``burnish data shard``: an image folder or a named set as tar shards, for reading that is sequential."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from burnish.common.errors import InputError
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from burnish.data.data import Data

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_LEAST = 4096


@dataclass(frozen=True, kw_only=True)
class DataShard(VerbOptions):
    """Write images as tar shards that training reads from front to back, larger than memory or on a shared disk."""

    data: str = field(metadata={"positional": True})
    """A folder of images, or a named set of images ('burnish data' lists them)."""
    to: Path
    """Folder to write; it must not exist yet, or be empty."""
    size: str = "256MB"
    """Bytes that a shard has at most: a number with KB, MB, GB, KiB, MiB or GiB."""
    seed: int = 0
    """Decides the order of the samples: they are shuffled, so that no shard holds one class alone."""
    skip_unreadable: bool = False
    """Leave out files that cannot be read instead of stopping at the first."""


def command(options: DataShard) -> Outcome:
    """Write the shards.

    Raises:
        InputError: the data are no images of classes, the folder is taken, a file cannot be read, or the size is none.
    """
    size = read_size(options.size)
    from burnish.data.shards.writing import write_shards

    data = _whole(options)
    count = sum(map(len, (data.train, data.validation, data.test)))
    with _shown(f"writing {count} images to {options.to}", count) as progress:
        written = write_shards(data, options.to, size=size, seed=options.seed, progress=progress)
    notes = [note for note in data.notes if "cache_mb" not in note]
    if written.rounded:
        notes.append("the pixels are no whole bytes: they were rounded to 8 bits")
    shards = written.index.shards
    total = sum(shard.bytes for shard in shards)
    splits = {split: len(rows) for split, rows in written.index.splits.items()}
    text = "\n".join(
        [
            *notes,
            f"{count} images ({', '.join(f'{name} {samples}' for name, samples in splits.items())}) in {len(shards)} "
            f"shard{'s' * (len(shards) > 1)}, {total / 1e6:.1f} MB: {options.to}",
            f"burnish fit --data {options.to}",
        ]
    )
    found = {
        "verb": "data shard",
        "data": data.name,
        "to": options.to,
        "samples": splits,
        "bytes": total,
        "classes": data.schema.classes,
        "notes": notes,
        "shards": shards,
    }
    return Outcome(text, found)


def read_size(text: str) -> int:
    """The bytes that a size means.

    Raises:
        InputError: it is no size, or too small to hold a sample.

    >>> read_size("256MB"), read_size("1.5 GiB")
    (256000000, 1610612736)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?I?B?)", text.strip().upper())
    if match is None or match[2] not in _UNITS:
        raise InputError(f"size '{text}' is no number of bytes: write it like 256MB, 1GB or 512MiB")
    size = int(float(match[1]) * _UNITS[match[2]])
    if size < _LEAST:
        raise InputError(f"a shard of {size} bytes holds no image: give at least {_LEAST}, 256MB is usual")
    return size


def _whole(options: DataShard) -> Data:
    """The data with the splits they have themselves, and no others; files stay files."""
    from burnish.data import DataOptions, entry, load, names
    from burnish.data.images.layout import find_layout

    if options.data in names():
        known = entry(options.data)
        if (known.kind, known.goal) != ("image", "classification"):
            raise InputError(f"{known.name} is {known.kind} data for {known.goal}: shards hold images of classes")
        is_folder = known.reader == "image-archive"
        own = {"train", *(["test"] if known.test_samples else [])}
    elif Path(options.data).expanduser().is_dir():
        is_folder = True
        own = set(find_layout(Path(options.data).expanduser()).splits)
    else:
        raise InputError(
            f"'{options.data}' is neither a folder of images nor a named set of images: those can become shards"
        )
    if options.skip_unreadable and not is_folder:
        raise InputError(f"skip_unreadable means nothing for the set {options.data}: leave it out")
    chosen = DataOptions(
        validation=None if "validation" in own else 0.0,
        test=None if "test" in own else 0.0,
        skip_unreadable=options.skip_unreadable,
    )
    return load(options.data, options=replace(chosen, cache_mb=0) if is_folder else chosen, seed=options.seed)


@contextmanager
def _shown(what: str, count: int) -> Iterator[Callable[[int], None]]:
    """Progress on stderr: a bar on a terminal, one line elsewhere."""
    if not sys.stderr.isatty():
        print(what, file=sys.stderr)
        yield lambda done: None
        return
    from rich import progress as bars
    from rich.console import Console

    shown = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*shown, console=Console(stderr=True), refresh_per_second=4) as display:
        task = display.add_task(what, total=count)
        yield lambda done: display.update(task, completed=done)
