"""Where the classes and splits of an image folder are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.images.decode import SUFFIXES
from burnish.data.images.file_list import FileList

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""How people call the folders of the three splits."""


class Files(NamedTuple):
    """Image files and the class of each, ``(files,)`` int64."""

    paths: FileList
    labels: Tensor


@dataclass(frozen=True)
class FolderLayout:
    """What :func:`find_layout` found: class names in label order, files by split (``train`` alone: not yet split)."""

    classes: tuple[str, ...]
    splits: dict[str, Files]
    notes: tuple[str, ...]


class Content(NamedTuple):
    """Names of what one folder holds, each sorted; hidden files do not count."""

    images: list[str]
    folders: list[str]
    others: list[str]


def find_layout(root: Path) -> FolderLayout:
    """Find ``root/CLASS/*.jpg``, or ``root/{train,validation,test}/CLASS/*.jpg`` (``val`` and ``valid`` do as well).

    Hidden files, ``__MACOSX`` and files that are no images are left out. A class may be called ``train``: it is a split
    only where it holds folders.

    Raises:
        InputError: the folder is missing or laid out otherwise, a class has no images, there is only one class, or the
            splits differ in their classes.
    """
    if not root.is_dir():
        raise InputError(f"no image folder at {root}: {'it is a file' if root.exists() else 'no such path'}")
    top = look(root)
    expected = f"expected one folder per class, {root}/CLASS/*.jpg or {root}/train/CLASS/*.jpg"
    if not top.folders:
        found = f"{len(top.images)} images lie directly in {root}" if top.images else f"{root} has no images"
        raise InputError(f"{found}: {expected}")
    split_folders = [name for name in top.folders if name.lower() in SPLIT_FOLDERS and look(root / name).folders]
    if not split_folders:
        classes, files, ignored = _classes(root, "", top.folders)
        return _layout(root, {"": classes}, {"train": files}, ignored + len(top.others) + len(top.images), [])

    splits: dict[str, Files] = {}
    classes_of: dict[str, tuple[str, ...]] = {}
    ignored = len(top.others) + len(top.images)
    for name in split_folders:
        split = SPLIT_FOLDERS[name.lower()]
        if split in splits:
            raise InputError(f"{root} has two folders for the {split} split, one is '{name}': keep one of them")
        content = look(root / name)
        classes_of[name], splits[split], others = _classes(root, name, content.folders)
        ignored += others + len(content.others) + len(content.images)
    if "train" not in splits:
        raise InputError(f"{root} has a folder '{split_folders[0]}' but no folder 'train': {expected}")
    return _layout(root, classes_of, splits, ignored, [name for name in top.folders if name not in split_folders])


def _layout(
    root: Path, classes_of: dict[str, tuple[str, ...]], splits: dict[str, Files], ignored: int, unused: list[str]
) -> FolderLayout:
    train = next(name for name in classes_of if SPLIT_FOLDERS.get(name.lower(), "train") == "train")
    classes = classes_of[train]
    for name, others in classes_of.items():
        if others != classes:
            lacks, adds = sorted(set(classes) - set(others)), sorted(set(others) - set(classes))
            what = [f"'{name}' lacks {', '.join(lacks)}"] if lacks else []
            what += [f"'{train}' lacks {', '.join(adds)}"] if adds else []
            raise InputError(f"the classes in {root}/{train} and {root}/{name} differ: {'; '.join(what)}")
    if len(classes) < 2:
        raise InputError(
            f"{root / train} has one class only ('{classes[0]}'): telling classes apart needs a folder for each of "
            "two or more"
        )
    notes = [f"left out folder '{name}': it is neither train, validation nor test" for name in unused]
    if ignored:
        notes.append(f"left out {ignored} file{'s' * (ignored > 1)} that are no image in a class folder")
    return FolderLayout(classes, splits, tuple(notes))


def _classes(root: Path, below: str, folders: list[str]) -> tuple[tuple[str, ...], Files, int]:
    names: list[str] = []
    counts: list[int] = []
    ignored = 0
    for folder in folders:
        content = look(root / below / folder)
        if not content.images:
            hint = (
                "it holds folders, so name the folder whose sub-folders are the classes"
                if content.folders
                else ("put images in it or remove it")
            )
            raise InputError(f"class folder {root / below / folder} has no images: {hint}")
        names += [os.path.join(below, folder, image) for image in content.images]
        counts.append(len(content.images))
        ignored += len(content.others)
    labels = torch.arange(len(folders)).repeat_interleave(torch.tensor(counts))
    return tuple(folders), Files(FileList(root, names), labels), ignored


def look(folder: Path) -> Content:
    """Images, folders and other files of one folder."""
    images, folders, others = [], [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
                images.append(entry.name)
            else:
                others.append(entry.name)
    return Content(sorted(images), sorted(folders), sorted(others))
