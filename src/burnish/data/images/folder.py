"""A folder of images, one sub-folder per class."""

from __future__ import annotations

import os
from pathlib import Path

from burnish.common.errors import InputError
from burnish.data.data import Data
from burnish.data.images.common_shape import common_shape
from burnish.data.images.decode import probe
from burnish.data.images.layout import Files, FolderLayout, find_layout
from burnish.data.images.source import decoded_images, lazy_images
from burnish.data.options import DataOptions
from burnish.data.schema import Schema
from burnish.data.source import Source
from burnish.data.splits import complete_splits

_SAMPLE = 200


def load_image_folder(path: Path, options: DataOptions, seed: int) -> Data:
    """Load ``path/CLASS/*.jpg``, or ``path/{train,validation,test}/CLASS/*.jpg``, for classification.

    Every image is scaled so that its shorter side fits, and cropped to a square around its centre. Where decoded images
    take at most ``options.cache_mb`` they are decoded once, on all cores; otherwise files are read while training.

    Args:
        path: the folder.
        options: ``input_size``, ``cache_mb``, ``skip_unreadable``, and the shares of splits that the folder lacks.
        seed: decides which images are held out.

    Raises:
        InputError: the folder is laid out otherwise, a file cannot be read, or an option cannot be.
    """
    layout = find_layout(path)
    shape, notes = _shape(layout, options)
    count = sum(len(files.paths) for files in layout.splits.values())
    size = count * shape[0] * shape[1] * shape[2]
    cached = size <= options.cache_mb * 2**20
    if not cached:
        notes.append(
            f"{count} decoded images take {size / 2**20:.0f} MB, more than cache_mb={options.cache_mb}: "
            "files are read while training; --workers auto reads them beside it"
        )
    given: dict[str, Source] = {}
    skipped: list[str] = []
    for name, files in layout.splits.items():
        read = decoded_images if cached else lazy_images
        given[name], bad = read(files.paths, files.labels, shape, options.skip_unreadable)
        skipped += bad
        _check_left(given[name], layout.classes, path)
    if skipped:
        more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
        notes.append(f"skipped {len(skipped)} unreadable of {count} images: {', '.join(skipped[:3])}{more}")
    train, validation, test = complete_splits(given, options, seed)
    return Data(
        name=path.resolve().name,
        schema=Schema("image", "classification", shape, classes=layout.classes),
        train=train,
        validation=validation,
        test=test,
        origin=os.path.abspath(path),
        notes=(*layout.notes, *notes),
    )


def _shape(layout: FolderLayout, options: DataOptions) -> tuple[tuple[int, int, int], list[str]]:
    """The shape that all images are brought to, from the headers of some, and what to say of it."""
    if options.input_size is not None and options.input_size < 1:
        raise InputError(f"input_size must be at least 1 pixel, got {options.input_size}")
    headers = _headers(layout.splits["train"], options.skip_unreadable)
    channels, side, _ = common_shape(headers)
    notes = [f"images are read as {'grey (1 channel)' if channels == 1 else 'colour (3 channels)'}"]
    sizes = {(height, width) for height, width, _ in headers}
    if options.input_size is not None:
        return (channels, options.input_size, options.input_size), notes
    if sizes != {(side, side)}:
        height, width = headers[0][:2]
        found = "several sizes" if len(sizes) > 1 else f"{width}x{height} pixels"
        notes.append(f"images of {found} are scaled and cropped to {side}x{side}; input_size= changes it")
    return (channels, side, side), notes


def _headers(files: Files, skip_unreadable: bool) -> list[tuple[int, int, int]]:
    """Height, width and channels of a sample of files, spread evenly over the classes."""
    count = len(files.paths)
    headers = []
    for number in range(0, count, -(-count // _SAMPLE)):
        try:
            headers.append(probe(files.paths[number]))
        except InputError:
            if not skip_unreadable:
                raise
    if not headers:
        raise InputError(f"none of the images tried in {files.paths.root} can be read: check the files")
    return headers


def _check_left(source: Source, classes: tuple[str, ...], path: Path) -> None:
    labels = source.labels()
    present = set() if labels is None else set(labels.tolist())
    for label, name in enumerate(classes):
        if label not in present:
            raise InputError(f"no image of class '{name}' in {path} can be read: check the files, or remove the class")
