"""Made pictures as files in a folder."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.verbs.predicting.predictions import Predictions


def check_folder(folder: Path, overwrite: bool) -> None:
    """See that pictures may be written into a folder, which need not exist yet.

    Raises:
        InputError: it is the name of a file, it is not empty and ``overwrite`` is False, or it has no parent.
    """
    if folder.suffix or folder.is_file():
        raise InputError(f"made pictures are written as PNG files into a folder, got '{folder}': name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise InputError(f"folder {folder} is not empty: choose another, or write into it with --overwrite")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"there is no folder '{folder.parent}' to make {folder.name} in: make it first")


def write_pictures(made: Predictions, folder: Path) -> None:
    """Write every made picture as ``sample-0001.png`` and so on, and note the names in the rows.

    Raises:
        InputError: the folder cannot be written to.
    """
    from PIL import Image

    assert made.values is not None
    try:
        folder.mkdir(exist_ok=True)
        for row, image in zip(made.rows, made.values, strict=True):
            pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
            file = io.BytesIO()
            Image.fromarray((pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).numpy()).save(file, format="PNG")
            row["picture"] = f"sample-{row['sample']:04d}.png"
            write_atomically(folder / row["picture"], file.getvalue())
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}; choose another folder with --to") from None
