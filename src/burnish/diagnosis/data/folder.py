"""The images of a folder as they lie there, faults included: what loading would refuse, a check reports."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from burnish.common.errors import InputError
from burnish.data.images.file_list import FileList
from burnish.data.images.layout import SPLIT_FOLDERS, look
from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted
from burnish.diagnosis.data.samples import SPLITS

_SPLIT_OF = {name: SPLITS.index(split) for name, split in SPLIT_FOLDERS.items()}


@dataclass(frozen=True)
class Folder:
    """Every image file below a folder, its split (train where the folder has none) and class.

    ``has_splits`` says which splits have a folder of their own.
    """

    files: FileList
    splits: NDArray[np.int8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    has_splits: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_folder(root: Path) -> Folder:
    """List ``root/CLASS/*.jpg``, or ``root/{train,validation,test}/CLASS/*.jpg``, whatever state it is in.

    Raises:
        InputError: there is no folder, or no class folder with an image in it.
    """
    if not root.is_dir():
        raise InputError(f"no image folder at {root}: {'it is a file' if root.exists() else 'no such path'}")
    top = look(root)
    tops = [name for name in top.folders if name.lower() in _SPLIT_OF and look(root / name).folders]
    names: list[str] = []
    split_of: list[int] = []
    class_of: list[str] = []
    empty: list[str] = []
    strays = [*top.images, *top.others]
    own = [(_SPLIT_OF[name.lower()], name) for name in tops] or [(0, "")]
    seen: dict[int, set[str]] = {}
    for split, below in own:
        content = look(root / below) if below else top
        strays += [os.path.join(below, name) for name in (*content.images, *content.others)] if below else []
        for folder in content.folders:
            inside = look(root / below / folder)
            names += [os.path.join(below, folder, image) for image in inside.images]
            split_of += [split] * len(inside.images)
            class_of += [folder] * len(inside.images)
            strays += [os.path.join(below, folder, name) for name in inside.others]
            if inside.images:
                seen.setdefault(split, set()).add(folder)
            else:
                empty.append(os.path.join(below, folder))
    if not names:
        raise InputError(f"no image in a class folder of {root}: expected {root}/CLASS/*.jpg or train/CLASS/*.jpg")
    classes = tuple(sorted(set(class_of)))
    codes = {name: code for code, name in enumerate(classes)}
    unused = [name for name in top.folders if tops and name not in tops]
    findings = [
        *_empty(empty, len(classes)),
        *_missing(seen, classes),
        *_strays(strays, unused, len(names)),
    ]
    if len(classes) < 2:
        findings.append(
            Finding(
                "one-class",
                "error",
                f"there is one class only, '{classes[0]}'",
                1,
                1.0,
                "There is nothing to tell apart.",
                "Put the images of every class into a folder of their own.",
                unit="classes",
            )
        )
    return Folder(
        FileList(root, names),
        np.array(split_of, np.int8),
        np.array([codes[name] for name in class_of], np.int64),
        classes,
        tuple(SPLITS[split] for split in sorted({split for split, _ in own})) if tops else (),
        tuple(findings),
    )


def _empty(empty: list[str], classes: int) -> list[Finding]:
    if not empty:
        return []
    return [
        Finding(
            "empty-class",
            "error",
            f"{counted(len(empty), 'class folder has', 'class folders have')} no image",
            len(empty),
            len(empty) / (len(empty) + classes),
            "A class without samples cannot be learnt, and loading refuses the folder.",
            "Put images into the folder, or remove it.",
            tuple(Example(note=name) for name in empty[:EXAMPLES]),
            "classes",
        )
    ]


def _missing(seen: dict[int, set[str]], classes: tuple[str, ...]) -> list[Finding]:
    lacking = [
        (SPLITS[split], name) for split in sorted(seen) for name in classes if name not in seen[split] and len(seen) > 1
    ]
    if not lacking:
        return []
    return [
        Finding(
            "class-missing-in-split",
            "error",
            f"{counted(len({name for _, name in lacking}), 'class is', 'classes are')} missing in a split",
            len({name for _, name in lacking}),
            len({name for _, name in lacking}) / len(classes),
            "What is not in train cannot be learnt, what is not in test is not measured; loading refuses the folder.",
            "Give every split images of every class, with the same folder names.",
            tuple(Example(note=f"'{name}' has no image in {split}") for split, name in lacking[:EXAMPLES]),
            "classes",
        )
    ]


def _strays(strays: list[str], unused: list[str], images: int) -> list[Finding]:
    if not strays and not unused:
        return []
    told = [f"{name}{os.sep}: a folder that is neither train, validation nor test" for name in unused] + strays
    return [
        Finding(
            "left-out-files",
            "info",
            f"{counted(len(told), 'file or folder is', 'files and folders are')} left out",
            len(told),
            len(told) / (images + len(told)),
            "They are no image in a class folder, so training never sees them.",
            "Move images into the folder of their class; convert formats that burnish does not read.",
            tuple(Example(note=name) for name in told[:EXAMPLES]),
            "files",
        )
    ]
