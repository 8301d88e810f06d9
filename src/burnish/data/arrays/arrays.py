"""Data from tensors, NumPy arrays and ``.npz`` files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.arrays.targets import read_targets
from burnish.data.data import Data
from burnish.data.options import DataOptions
from burnish.data.schema import Column, Goal, Kind, Schema
from burnish.data.source import Source, TensorSource
from burnish.data.splits import complete_splits

SPLIT_NAMES = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
"""How people call the three splits."""


def load_arrays(
    given: Any, options: DataOptions, seed: int, *, name: str = "tensors", origin: str | None = None
) -> Data:
    """Make data of ``x``, ``(x, y)`` or ``{"train": (x, y), "test": (x, y)}``.

    Args:
        given: inputs are images ``(samples, C, H, W)`` (bytes, or floats in [0, 1]), grey images ``(samples, H, W)``
            (bytes), or rows ``(samples, features)``; targets are class numbers or names (classification) or floats
            (regression), ``(samples,)``. Rows with targets are a table, rows without are points to learn to generate.
        options: ``goal`` where the targets do not say it, and the shares of splits that are not given.
        seed: decides which samples are held out.
        name: what to call the data.
        origin: the file that the arrays came from.

    Raises:
        InputError: shapes, types or values cannot be; the message names the array.
    """
    pairs = _pairs(given)
    notes: list[str] = []
    inputs = {split: _inputs(x, f"the {split} inputs", notes) for split, (x, _) in pairs.items()}
    shapes = {tuple(x.shape[1:]) for x in inputs.values()}
    if len(shapes) > 1:
        raise InputError(f"samples of the splits differ in shape: {', '.join(map(str, sorted(shapes)))}")
    shape = shapes.pop()
    targets, goal, classes = read_targets({split: y for split, (_, y) in pairs.items()}, options.goal, notes)
    kind = _kind(shape, goal)
    if kind == "points" and any(bool(x.isnan().any()) for x in inputs.values()):
        raise InputError("the inputs have NaN: points to generate must be whole, so remove or fill those rows")
    splits: dict[str, Source] = {split: TensorSource(inputs[split], targets[split]) for split in pairs}
    train, validation, test = complete_splits(splits, options, seed)
    schema = Schema(
        kind,
        goal,
        shape,
        classes=classes,
        target="y" if kind == "table" else None,
        columns=_columns(train.gather(torch.arange(len(train)))[0]) if kind == "table" else (),
    )
    return Data(name, schema, train, validation, test, origin=origin, notes=tuple(dict.fromkeys(notes)))


def load_npz(path: Path, options: DataOptions, seed: int) -> Data:
    """Read an ``.npz`` file with ``x`` and ``y``, or ``x_train``, ``y_train``, ``x_test`` and so on.

    ``y`` may be missing, for data to learn without targets.

    Raises:
        InputError: the file is damaged, has none of these arrays, or holds Python objects (a pickle, which may carry
            code).
    """
    try:
        with open(path, "rb") as raw:  # numpy leaves a damaged file open that it opened itself
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(f"{path} holds one bare array: expected an .npz file, see numpy.savez(path, x=x, y=y)")
            arrays = {key: _member(file, key, path) for key in file.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a whole .npz file: write it with numpy.savez(path, x=x, y=y)") from None
    given: Any = None
    if "x" in arrays:
        given = (arrays["x"], arrays.get("y"))
    elif "x_train" in arrays:
        keys = [key for key in SPLIT_NAMES if f"x_{key}" in arrays]
        given = {key: (arrays[f"x_{key}"], arrays.get(f"y_{key}")) for key in keys}
    if given is None:
        found = ", ".join(arrays) or "nothing"
        raise InputError(f"{path} holds {found}: expected x and y, or x_train, y_train, x_test and y_test")
    return load_arrays(given, options, seed, name=path.stem, origin=str(path.absolute()))


def _member(file: Any, key: str, path: Path) -> Any:
    try:
        return file[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise InputError(
            f"the array '{key}' in {path} holds Python objects, which is refused because it may carry code: "
            "save it with a number or string dtype"
        ) from None


def _pairs(given: Any) -> dict[str, tuple[Any, Any]]:
    if not isinstance(given, Mapping):
        return {"train": _pair(given)}
    pairs = {}
    for key, value in given.items():
        if key not in SPLIT_NAMES:
            raise InputError(f"unknown split '{key}': expected train, validation or test, each with (x, y)")
        pairs[SPLIT_NAMES[key]] = _pair(value)
    if "train" not in pairs:
        raise InputError(f"there is no split 'train' among {', '.join(given) or 'none'}: one to learn from is needed")
    if len({y is None for _, y in pairs.values()}) > 1:
        raise InputError("some splits have targets and some have none: give (x, y) for all, or x for all")
    return pairs


def _pair(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, tuple | list):
        return value, None
    if len(value) not in (1, 2):
        raise InputError(f"expected inputs and targets, (x, y), got {len(value)} things")
    return value[0], value[1] if len(value) == 2 else None


def _inputs(value: Any, what: str, notes: list[str]) -> Tensor:
    tensor = as_tensor(value, what)
    if tensor.ndim == 4 or (tensor.ndim == 3 and tensor.dtype == torch.uint8):
        return _images(tensor, what, notes)
    if tensor.ndim == 2:
        rows = tensor.float()
        if rows.isinf().any():
            raise InputError(f"{what} have infinite values: replace them (NaN stands for missing)")
        return rows
    raise InputError(
        f"{what} have shape {tuple(tensor.shape)}: expected images (samples, C, H, W) or rows (samples, features)"
    )


def _images(tensor: Tensor, what: str, notes: list[str]) -> Tensor:
    if tensor.ndim == 3:
        tensor = tensor.unsqueeze(1)
    elif tensor.shape[1] not in (1, 3, 4) and tensor.shape[3] in (1, 3, 4):
        notes.append(f"images came as (samples, H, W, C) {tuple(tensor.shape)} and were turned to (samples, C, H, W)")
        tensor = tensor.permute(0, 3, 1, 2).contiguous()
    if tensor.dtype == torch.uint8:
        return tensor
    if not tensor.is_floating_point():
        raise InputError(f"{what} are images of {tensor.dtype}: expected uint8, or floats in [0, 1]")
    tensor = tensor.float()
    if len(tensor) and not bool(((tensor >= 0) & (tensor <= 1)).all()):
        low, high = tensor.min().item(), tensor.max().item()
        raise InputError(
            f"{what} are float images from {low:.4g} to {high:.4g}: pixels must lie in [0, 1], so scale them "
            "(the model normalises them itself)"
        )
    return tensor


def _columns(rows: Tensor) -> tuple[Column, ...]:
    gaps = rows.isnan().any(0).tolist()
    return tuple(Column(f"f{number}", "numeric", missing=missing) for number, missing in enumerate(gaps))


def _kind(shape: tuple[int, ...], goal: Goal) -> Kind:
    if len(shape) == 3:
        return "image"
    return "points" if goal == "generation" else "table"


def as_tensor(value: Any, what: str) -> Tensor:
    """A tensor of numbers, sharing memory where it can.

    Raises:
        InputError: the value is not an array of numbers; ``what`` names it.
    """
    if isinstance(value, Tensor):
        return value.detach()
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"{what} are ragged: samples of one shape are expected") from None
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise InputError(
            f"{what} are {type(value).__name__} of {array.dtype}: expected a tensor or array of numbers, a sample a row"
        )
    return torch.from_numpy(np.require(array, array.dtype.newbyteorder("="), ["C", "W"]))
