"""Where the files of published weights are: the user's folder, the cache, torch's own cache, or the network."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from burnish.common.errors import InputError
from burnish.data.named.download import download, shown_progress
from burnish.data.named.locate import cache_folder

BASE = "https://download.pytorch.org/models/"
"""Where torchvision's files are."""


def users_folder() -> Path | None:
    """The folder that ``BURNISH_WEIGHTS`` names, or None.

    Raises:
        InputError: it names a folder that does not exist.
    """
    chosen = os.environ.get("BURNISH_WEIGHTS")
    if chosen and not Path(chosen).is_dir():
        raise InputError(f"BURNISH_WEIGHTS is set to '{chosen}', which is not a folder: correct it or unset it")
    return Path(chosen) if chosen else None


def search_folders() -> list[Path]:
    """Folders that may hold a file of weights, first choice first.

    Raises:
        InputError: ``BURNISH_WEIGHTS`` names a folder that does not exist.
    """
    import torch.hub

    own = users_folder()
    folders = [cache_folder() / "weights", Path(torch.hub.get_dir()) / "checkpoints"]
    return [own, *folders] if own else folders


def find(name: str) -> Path | None:
    """A file by its path, or by its name in one of :func:`search_folders`."""
    given = Path(name).expanduser()
    if given.exists():
        return given
    if given.name != name:
        return None
    return next((folder / name for folder in search_folders() if (folder / name).is_file()), None)


def locate(file: str) -> Path:
    """A file of torchvision's, fetched into the cache where no folder has it, and checked wherever it comes from.

    Args:
        file: its name, which ends with the first digits of its sha256: ``resnet18-f37072fd.pth``.

    Raises:
        InputError: it is nowhere and cannot be fetched, or it is damaged; the message says what to put where.
    """
    digits = promised_digits(file)
    found = find(file)
    if found is None:
        found = cache_folder() / "weights" / file
        by_hand = f"put the file into {found.parent}, or set BURNISH_WEIGHTS to a folder that has it"
        with shown_progress(file, None) as progress:
            download([BASE + file], found, sha256=digits, progress=progress, by_hand=by_hand)
    check(found, digits)
    return found


def promised_digits(file: str) -> str:
    """The first digits of the sha256 that a published file's name promises.

    Raises:
        InputError: it promises none, so that the file could not be checked.

    >>> promised_digits("resnet18-f37072fd.pth")
    'f37072fd'
    """
    found = re.search(r"-([0-9a-f]{8,64})\.\w+$", file)
    if found is None:
        raise InputError(f"the name {file} does not end with digits of a sha256, so the file cannot be checked")
    return found[1]


def check(path: Path, digits: str) -> None:
    """Refuse a file whose sha256 does not begin with these digits.

    Raises:
        InputError: it does not.
    """
    found = sha256(path)
    if not found.startswith(digits):
        raise InputError(
            f"{path} is damaged: its sha256 begins with {found[: len(digits)]}, expected {digits}; delete it, so that "
            "it is fetched again"
        )


def sha256(path: Path) -> str:
    """Hex digest of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
