"""From a name, a path or tensors to data: the one way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.data.data import Data
from burnish.data.images.resized import ResizedSource
from burnish.data.named.catalogue import Entry, entry, names
from burnish.data.options import DataOptions
from burnish.data.schema import Schema
from burnish.data.shards.pattern import names_shards
from burnish.data.source import Source

_SHARES = ("validation", "test")
_APPLIES = {
    "table": ("target", "goal", *_SHARES),
    "image-folder": ("input_size", "skip_unreadable", "cache_mb", *_SHARES),
    "shards": ("input_size", "cache_mb", *_SHARES),
    "text": ("sequence_length", *_SHARES),
    "arrays": ("goal", *_SHARES),
    "named-image": ("input_size", *_SHARES),
}
"""Which options mean something for what; any other that is given is an error, never ignored."""
_SUFFIXES = {
    ".csv": "table",
    ".tsv": "table",
    ".parquet": "table",
    ".txt": "text",
    ".npz": "arrays",
}
_CAN_BE = f"a folder of class folders with images, shards/{{0000..0107}}.tar, or a {', '.join(_SUFFIXES)} file"


def load(origin: Any, *, options: DataOptions | None = None, seed: int = 0, **named: Any) -> Data:
    """Load data, split it where it comes whole, and say what it is.

    Args:
        origin: a name (``burnish data`` lists them); the path of an image folder, table, text or ``.npz`` file; a
            folder of shards or a pattern of them; ``x``, ``(x, y)`` or ``{"train": (x, y), "test": (x, y)}`` of tensors
            or arrays; a map-style torch data set, or a dict of them; or :class:`Data`, which comes back as it is.
        options: how to read it.
        seed: decides which samples are held out.
        named: fields of :class:`DataOptions`, in place of ``options``.

    Raises:
        InputError: there is no such data, it cannot be used, or an option is unknown or means nothing for it.

    >>> data = load("iris", test=0.2)
    >>> data.schema.classes, len(data.train), len(data.validation), len(data.test)
    (('setosa', 'versicolor', 'virginica'), 105, 15, 30)
    """
    options = _options(options, named)
    if isinstance(origin, Data):
        _refuse_others(options, (), "data that is loaded already")
        return origin
    if isinstance(origin, str) and origin in names():
        return _load_named(entry(origin), options, seed)
    if isinstance(origin, str | Path):
        return _load_path(origin, options, seed)
    return _load_objects(origin, options, seed)


def _options(options: DataOptions | None, named: Mapping[str, Any]) -> DataOptions:
    known = [field.name for field in fields(DataOptions)]
    for name in named:
        if name not in known:
            raise unknown("data option", name, known)
    return replace(options or DataOptions(), **named)


def _refuse_others(options: DataOptions, applies: tuple[str, ...], what: str) -> None:
    for field in fields(DataOptions):
        value = getattr(options, field.name)
        if value != field.default and field.name not in applies:
            rest = f"what does: {', '.join(applies)}" if applies else "nothing does"
            raise InputError(f"{field.name}={value} means nothing for {what}: leave it out ({rest})")


def _load_path(origin: str | Path, options: DataOptions, seed: int) -> Data:
    if names_shards(str(origin)):
        from burnish.data.shards.shards import load_shards

        _refuse_others(options, _APPLIES["shards"], "shards")
        return load_shards(origin, options, seed)
    path = Path(origin).expanduser()
    if not path.exists():
        raise _missing(str(origin), path)
    if path.is_dir():
        from burnish.data.images.folder import load_image_folder

        _refuse_others(options, _APPLIES["image-folder"], "an image folder")
        return load_image_folder(path, options, seed)
    reader = _SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} is of no known type ('{path.suffix}'): expected {_CAN_BE}")
    _refuse_others(options, _APPLIES[reader], f"a {path.suffix.lower()} file")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: expected a {path.suffix.lower()} file with data in it")
    if reader == "table":
        from burnish.data.tables.table import load_table

        return load_table(path, options, seed)
    if reader == "text":
        from burnish.data.text import load_text

        return load_text(path, options, seed)
    from burnish.data.arrays.arrays import load_npz

    return load_npz(path, options, seed)


def _missing(given: str, path: Path) -> InputError:
    if path.suffix or len(path.parts) > 1:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        return InputError(
            f"there is no file or folder '{given}'{did_you_mean(path.name, siblings)}: expected {_CAN_BE}"
        )
    hint = did_you_mean(given, names())
    return InputError(f"there is no data '{given}'{hint}: expected one of {', '.join(names())}, {_CAN_BE}")


def _load_objects(origin: Any, options: DataOptions, seed: int) -> Data:
    from burnish.data.arrays.torch_dataset import is_dataset, load_datasets

    _refuse_others(options, _APPLIES["arrays"], "tensors and data sets")
    parts = list(origin.values()) if isinstance(origin, Mapping) else [origin]
    if parts and all(is_dataset(part) for part in parts):
        return load_datasets(origin, options, seed)
    if parts and all(isinstance(part, tuple | list) or hasattr(part, "__array__") for part in parts):
        from burnish.data.arrays.arrays import load_arrays

        return load_arrays(origin, options, seed)
    raise InputError(
        f"data cannot be made of {type(origin).__name__}: expected a name, a path, (x, y), "
        '{"train": (x, y), "test": (x, y)} or a map-style torch data set'
    )


def _load_named(known: Entry, options: DataOptions, seed: int) -> Data:
    group = {"text": "text", "image-archive": "image-folder"}.get(known.reader, f"named-{known.kind}")
    applies = _APPLIES.get(group, _SHARES)
    _refuse_others(options, applies, f"the set {known.name}")
    if known.reader == "text":
        from burnish.data.named.locate import locate
        from burnish.data.text import load_text

        text = load_text(locate(known)["input.txt"], options, seed)
        return replace(text, name=known.name, origin=known.name)
    if known.reader == "image-archive":
        from burnish.data.images.folder import load_image_folder
        from burnish.data.named.archive import extract
        from burnish.data.named.locate import cache_folder, locate

        (archive,) = locate(known).values()
        images = load_image_folder(extract(archive, cache_folder() / known.name / "images"), options, seed)
        return replace(images, name=known.name, origin=known.name)
    from burnish.data.splits import complete_splits

    splits, schema = _read_named(known, seed)
    train, validation, test = complete_splits(splits, options, seed)
    if options.input_size is not None:
        side = options.input_size
        train, validation, test = (ResizedSource(source, side) for source in (train, validation, test))
        schema = replace(schema, input_shape=(schema.input_shape[0], side, side))
    return Data(known.name, schema, train, validation, test, origin=known.name)


def _read_named(known: Entry, seed: int) -> tuple[dict[str, Source], Schema]:
    schema = Schema(known.kind, known.goal, known.input_shape, classes=known.classes)
    if known.reader == "bundled":
        from burnish.data.named.bundled import read_bundled

        source, schema = read_bundled(known)
        return {"train": source}, schema
    if known.reader == "ring":
        from burnish.data.named.ring import ring_of_gaussians

        return {"train": ring_of_gaussians(known.samples, seed)}, schema
    from burnish.data.named.locate import locate

    files = locate(known)
    if known.reader == "idx":
        from burnish.data.named.idx import read_idx_set

        return read_idx_set(known, files), schema
    from burnish.data.named.cifar import read_cifar10

    return read_cifar10(next(iter(files.values()))), schema
