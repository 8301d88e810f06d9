"""timm's weights: one repository a tag on the Hugging Face hub, or the same files in a folder."""

from __future__ import annotations

import os
import re
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from burnish.common.errors import InputError
from burnish.data.named.locate import cache_folder
from burnish.models.weights.files import check, users_folder


def locate(tag: str, file: str) -> Path:
    """A file of one set of timm's weights: from the user's folder, a cache, or the hub.

    Args:
        tag: name and tag of the set: ``resnet50.a1_in1k``.
        file: ``model.safetensors`` or ``config.json``.

    Raises:
        InputError: it is nowhere and cannot be fetched, or it is damaged; the message says what to put where.
    """
    for folder in search_folders(tag):
        if (folder / file).is_file():
            return _checked(folder / file)
    return _checked(_download(tag, file))


def search_folders(tag: str) -> list[Path]:
    """Folders that may hold the files of a set, first choice first.

    Raises:
        InputError: ``BURNISH_WEIGHTS`` names a folder that does not exist.
    """
    own = users_folder()
    folders = [root / "timm" / tag for root in (own, cache_folder() / "weights") if root]
    kept = hub_cache() / f"models--timm--{tag}"
    try:
        commit = (kept / "refs" / "main").read_text().strip()
    except OSError:
        return folders
    return [*folders, kept / "snapshots" / commit]


def hub_cache() -> Path:
    """The folder that huggingface_hub keeps its files in, found as that library finds it."""
    if chosen := os.environ.get("HF_HUB_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{base}/huggingface").expanduser() / "hub"


def _checked(path: Path) -> Path:
    """The hub's cache names large files after their sha256; what lies there is held to its name."""
    blob = path.resolve()
    if re.fullmatch("[0-9a-f]{64}", blob.name):
        check(blob, blob.name)
    return path


def _download(tag: str, file: str) -> Path:
    put = (users_folder() or cache_folder() / "weights") / "timm" / tag
    by_hand = f"put model.safetensors and config.json of huggingface.co/timm/{tag} into {put}"
    try:
        import huggingface_hub  # type: ignore[import-not-found, unused-ignore]
        from huggingface_hub import errors
    except ImportError:
        raise InputError(f"timm:{tag} is not here: pip install 'burnish[hub]' to fetch it, or {by_hand}") from None
    if reason := _unreachable(huggingface_hub.constants.ENDPOINT):
        raise InputError(f"cannot fetch {file} of timm:{tag} ({reason}): {by_hand}")
    try:
        return Path(huggingface_hub.hf_hub_download(f"timm/{tag}", file))
    except errors.RepositoryNotFoundError:
        raise InputError(f"the hub has no weights timm/{tag}: check the name and the tag") from None
    except (OSError, ValueError, errors.EntryNotFoundError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"cannot fetch {file} of timm:{tag} ({_short(reason)}): {by_hand}") from None


def _unreachable(address: str) -> str | None:
    """Why nobody answers at an address; asked first, since the library goes on trying for half a minute."""
    if urllib.request.getproxies():
        return None  # another machine asks for us
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=10).close()
    except OSError as error:
        return f"{parts.netloc}: {error.strerror or error}"
    return None


def _short(reason: str) -> str:
    return reason if len(reason) <= 160 else f"{reason[:157]}..."
