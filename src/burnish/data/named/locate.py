"""Where the files of a named set are: the user's folder, the cache, Debian's folder, or the network."""

from __future__ import annotations

import os
from pathlib import Path

from burnish.common.errors import InputError
from burnish.data.named.catalogue import Entry, entry, names
from burnish.data.named.download import download, shown_progress

DEBIAN = Path("/usr/share/datasets")
"""Where Debian's ``dataset-*`` packages put their files."""


def cache_folder() -> Path:
    """Folder of everything that burnish fetches: ``$XDG_CACHE_HOME/burnish``, by default ``~/.cache/burnish``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "burnish"


def search_folders(name: str) -> list[Path]:
    """Folders that may hold a named set, first choice first.

    Raises:
        InputError: ``BURNISH_DATA`` names a folder that does not exist.
    """
    folders = [cache_folder() / name, DEBIAN / name]
    if chosen := os.environ.get("BURNISH_DATA"):
        if not Path(chosen).is_dir():
            raise InputError(f"BURNISH_DATA is set to '{chosen}', which is not a folder: correct it or unset it")
        folders.insert(0, Path(chosen) / name)
    return folders


def find(wanted: Entry) -> dict[str, Path] | None:
    """The files of a set where one folder has them all, else None.

    Files are taken as they are: packagers compress again, so digests differ although the content does not.
    """
    for folder in search_folders(wanted.name):
        found = {file.name: _present(folder / file.name) for file in wanted.files}
        if all(found.values()):
            return {name: path for name, path in found.items() if path is not None}
    return None


def locate(wanted: Entry) -> dict[str, Path]:
    """The files of a set by name, fetched into the cache where no folder has them.

    Raises:
        InputError: they are nowhere and cannot be fetched; the message says what to put where.
    """
    if (found := find(wanted)) is not None:
        return found
    if wanted.download_bytes == 0:
        missing = " and ".join(file.name for file in wanted.files)
        raise InputError(
            f"{wanted.name} cannot be downloaded: put {missing} into {cache_folder() / wanted.name}, "
            f"or set BURNISH_DATA to a folder with {wanted.name}/ in it"
        )
    paths = {}
    for file in wanted.files:
        to = cache_folder() / wanted.name / file.name
        if not to.exists():
            try:
                with shown_progress(f"{wanted.name}/{file.name}", file.bytes) as progress:
                    download(file.urls, to, sha256=file.sha256, size=file.bytes, progress=progress)
            except InputError as error:
                raise InputError(f"{error}{_relatives(wanted)}") from None
        paths[file.name] = to
    return paths


def _relatives(missing: Entry) -> str:
    here = [name for name in names() if name.startswith(f"{missing.name}-") and find(entry(name))]
    return f"; {here[0]} is here, a different set ({entry(here[0]).description})" if here else ""


def _present(path: Path) -> Path | None:
    for candidate in (path, path.with_suffix("") if path.name.endswith("ubyte.gz") else path):
        if candidate.is_file():
            return candidate
    return None
