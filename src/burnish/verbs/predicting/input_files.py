"""From what a user names to files: paths, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from burnish.common.errors import InputError, did_you_mean


def input_files(words: Sequence[str], suffixes: Collection[str], what: str) -> list[str]:
    """The files that ``words`` name, in the order given; those of a folder or pattern are sorted.

    A file that is named itself is taken whatever its suffix. Folders are searched to any depth; hidden files are left
    out.

    Args:
        words: files, folders, or patterns such as ``new/*.jpg``.
        suffixes: what counts in a folder.
        what: what the files are, for the error.

    Raises:
        InputError: a word names nothing.
    """
    files: list[str] = []
    for word in words:
        path = os.path.expanduser(word)
        if os.path.exists(path):
            named = [path]
        elif glob.has_magic(path):
            named = sorted(glob.glob(path, recursive=True))
            if not named:
                raise InputError(f"no file matches '{word}': expected {what} files, a folder of them, or a pattern")
        else:
            raise _missing(word, Path(path), what)
        for name in named:
            files += _inside(name, suffixes, what) if os.path.isdir(name) else [name]
    return files


def _inside(folder: str, suffixes: Collection[str], what: str) -> list[str]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        fitting = [n for n in names if os.path.splitext(n)[1].lower() in suffixes and not n.startswith(".")]
        found += [os.path.join(root, name) for name in sorted(fitting)]
    if not found:
        raise InputError(f"folder '{folder}' has no {what} files: expected {', '.join(sorted(suffixes))}")
    return found


def _missing(word: str, path: Path, what: str) -> InputError:
    siblings = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
    hint = did_you_mean(path.name, siblings)
    return InputError(f"there is no file '{word}'{hint}: expected {what} files, a folder of them, or a pattern")
