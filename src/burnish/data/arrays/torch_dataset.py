"""Data from map-style torch data sets, read sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset, default_collate
from torch.utils.data import Subset as TorchSubset

from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.data.arrays.arrays import SPLIT_NAMES, load_arrays
from burnish.data.arrays.targets import read_targets
from burnish.data.data import Data
from burnish.data.options import DataOptions
from burnish.data.schema import Column, Schema
from burnish.data.source import Source
from burnish.data.splits import complete_splits


class DatasetSource(Source):
    """A torch data set of ``(input, target)`` pairs, or of inputs alone.

    Args:
        dataset: anything with ``__len__`` and ``__getitem__``.
        targets: all targets ``(samples,)``, of which the pairs then only give the inputs; None repeats the inputs.
        paired: whether a sample is a pair.
    """

    draws = True

    def __init__(self, dataset: Any, targets: Tensor | None, paired: bool) -> None:
        self.dataset = dataset
        self.targets = targets
        self.paired = paired

    def __len__(self) -> int:
        return len(self.dataset)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The chosen samples, stacked by torch's own rules."""
        samples = [self.dataset[number] for number in index.tolist()]
        if self.paired:
            samples = [sample[0] for sample in samples]
        try:
            inputs = default_collate(samples)
        except (TypeError, RuntimeError) as error:
            raise InputError(
                f"samples of the data set cannot be stacked ({str(error).splitlines()[0]}): "
                "each must give a tensor of the same shape"
            ) from None
        if isinstance(inputs, Tensor):
            inputs = inputs.float().div_(255) if inputs.dtype == torch.uint8 else inputs.float()
        return inputs, inputs if self.targets is None else self.targets[index]

    def labels(self) -> Tensor | None:
        """The class labels, for classification."""
        return None if self.targets is None or self.targets.is_floating_point() else self.targets


def load_datasets(given: Any, options: DataOptions, seed: int) -> Data:
    """Wrap one map-style data set, or a dict of them by split, lazily.

    Targets are taken from the attribute ``targets`` or ``labels`` where the data set has one; else every sample is read
    once. Class names come from ``classes``.

    Raises:
        InputError: the data set has no length, is empty, or its samples cannot be used.
    """
    datasets = _by_split(given)
    if all(isinstance(dataset, TensorDataset) for dataset in datasets.values()):
        return load_arrays({split: dataset.tensors for split, dataset in datasets.items()}, options, seed)
    notes: list[str] = []
    with preserved_rng():
        sample = datasets["train"][0]
        paired = isinstance(sample, tuple | list)
        if paired and len(sample) != 2:
            raise InputError(f"a sample of the data set has {len(sample)} parts: expected (input, target)")
        raw = {split: _targets(dataset, notes) if paired else None for split, dataset in datasets.items()}
    targets, goal, classes = read_targets(raw, options.goal, notes)
    sources: dict[str, Source] = {
        split: DatasetSource(dataset, targets[split], paired) for split, dataset in datasets.items()
    }
    with preserved_rng():
        first = sources["train"].gather(torch.tensor([0]))[0]
    shape = _checked_shape(first)
    named = tuple(str(name) for name in getattr(datasets["train"], "classes", ()))
    if goal == "classification" and len(named) >= len(classes):
        classes = named
    is_table = len(shape) == 1 and goal != "generation"
    schema = Schema(
        "image" if len(shape) == 3 else "table" if is_table else "points",
        goal,
        shape,
        classes=classes,
        target="y" if is_table else None,
        columns=tuple(Column(f"f{number}", "numeric") for number in range(shape[0])) if is_table else (),
    )
    train, validation, test = complete_splits(sources, options, seed)
    return Data(type(datasets["train"]).__name__, schema, train, validation, test, notes=tuple(notes))


def is_dataset(value: Any) -> bool:
    """Whether a value is a torch data set, or looks like one."""
    if isinstance(value, Dataset):
        return True
    if isinstance(value, str | bytes | tuple | list | Mapping) or hasattr(value, "__array__"):
        return False
    return hasattr(value, "__getitem__") and hasattr(value, "__len__")


def _by_split(given: Any) -> dict[str, Any]:
    named = dict(given) if isinstance(given, Mapping) else {"train": given}
    for name, dataset in named.items():
        if name not in SPLIT_NAMES:
            raise InputError(f"unknown split '{name}': expected train, validation or test, each with a data set")
        if isinstance(dataset, IterableDataset) or not is_dataset(dataset) or not hasattr(dataset, "__len__"):
            raise InputError(
                f"{type(dataset).__name__} is not a map-style data set: __len__ and __getitem__ are needed, "
                "so that samples have numbers"
            )
        if len(dataset) == 0:
            raise InputError(f"the {name} data set ({type(dataset).__name__}) is empty")
    datasets = {SPLIT_NAMES[name]: dataset for name, dataset in named.items()}
    if "train" not in datasets:
        raise InputError(f"there is no split 'train' among {', '.join(named)}: one to learn from is needed")
    return datasets


def _targets(dataset: Any, notes: list[str]) -> Any:
    """All targets, cheaply where the data set keeps them."""
    if isinstance(dataset, TorchSubset):
        whole = _kept(dataset.dataset)
        if whole is not None:
            return [whole[number] for number in dataset.indices]
    kept = _kept(dataset)
    if kept is not None:
        return kept
    notes.append(f"read all {len(dataset)} samples once to learn their targets (a 'targets' attribute saves that)")
    found = [dataset[number][1] for number in range(len(dataset))]
    return [value.item() if isinstance(value, Tensor) and value.numel() == 1 else value for value in found]


def _kept(dataset: Any) -> list[Any] | None:
    for name in ("targets", "labels"):
        values = getattr(dataset, name, None)
        if values is not None and not callable(values) and len(values) == len(dataset):
            return values.tolist() if hasattr(values, "tolist") else list(values)
    return None


def _checked_shape(first: Any) -> tuple[int, ...]:
    if not isinstance(first, Tensor) or first.ndim not in (2, 4):
        what = f"shape {tuple(first.shape[1:])}" if isinstance(first, Tensor) else type(first).__name__
        raise InputError(f"inputs of the data set have {what}: expected images (C, H, W) or rows (features,)")
    if first.ndim == 4 and not bool(((first >= 0) & (first <= 1)).all()):
        low, high = first.min().item(), first.max().item()
        raise InputError(
            f"images of the data set run from {low:.4g} to {high:.4g}: pixels must lie in [0, 1], so leave out its "
            "normalisation (the model normalises them itself)"
        )
    return tuple(first.shape[1:])
