"""Which files a pattern of shards names: ``shards/{0000..0107}.tar``, ``shards/*.tar``, a folder."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from burnish.common.errors import InputError
from burnish.data.shards.index import has_index

SUFFIX = ".tar"

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 1_000_000


def names_shards(origin: str) -> bool:
    """Whether a word names shards: a ``.tar`` or a pattern of them, or a folder that has them or their index.

    >>> names_shards("shards/{000..107}.tar"), names_shards("photos.csv")
    (True, False)
    """
    if origin.endswith(SUFFIX):
        return True
    folder = Path(origin).expanduser()
    return folder.is_dir() and (has_index(folder) or any(folder.glob(f"*{SUFFIX}")))


def expand(pattern: str) -> list[str]:
    """The words that the braces of a pattern stand for, as a shell has them: ranges keep their zeros.

    Raises:
        InputError: a range runs backwards, or there are too many words.

    >>> expand("s/{08..10}.tar")
    ['s/08.tar', 's/09.tar', 's/10.tar']
    >>> expand("{a,b}-{0..1}.tar")
    ['a-0.tar', 'a-1.tar', 'b-0.tar', 'b-1.tar']
    """
    words = [pattern]
    while match := _BRACES.search(words[0]):
        inner = match[1]
        if found := _RANGE.fullmatch(inner):
            first, last = int(found[1]), int(found[2])
            if last < first:
                raise InputError(
                    f"the range {{{inner}}} in '{pattern}' runs backwards: write {{{found[2]}..{found[1]}}}"
                )
            if (last - first + 1) * len(words) > _MOST:
                raise InputError(f"'{pattern}' stands for more than {_MOST} shards: check the range {{{inner}}}")
            choices = [str(number).zfill(len(found[1])) for number in range(first, last + 1)]
        elif "," in inner:
            choices = inner.split(",")
        else:
            raise InputError(f"'{{{inner}}}' in '{pattern}' is no range: expected {{0000..0107}} or {{a,b}}")
        words = [word.replace(match[0], choice, 1) for word in words for choice in choices]
    return words


def shard_files(pattern: str) -> list[str]:
    """The files that a pattern names, absolute, in the order of their names; a folder stands for its ``*.tar``.

    Raises:
        InputError: a shard is missing, nothing matches, or a folder holds shards of several names.
    """
    path = Path(pattern).expanduser()
    if path.is_dir():
        return _of_folder(path)
    files: list[str] = []
    for word in expand(os.path.abspath(path)):
        if os.path.isfile(word) or not glob.has_magic(word):
            files.append(word)
        else:
            files += sorted(glob.glob(word))
    if not files:
        raise InputError(f"no shard matches '{pattern}': expected tar files, such as shards/{{0000..0107}}.tar")
    missing = [file for file in files if not os.path.isfile(file)]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(files)} shards that '{pattern}' names are missing, the first is {missing[0]}: "
            "bring them back, or correct the pattern"
        )
    return list(dict.fromkeys(files))


def _of_folder(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))
    kinds = sorted({re.sub(r"\d+", "*", name) for name in names})
    if len(kinds) > 1:
        raise InputError(
            f"{folder} has shards of several names ({', '.join(kinds[:4])}) and no index.json that says which are for "
            f"training: name some with a pattern, such as '{folder / kinds[0]}'"
        )
    return [os.path.join(os.path.abspath(folder), name) for name in names]
