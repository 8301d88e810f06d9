"""Blocks by what they do for the separability of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.block import Block
from burnish.pruning.layers.separability import SHRINKAGE, separability
from burnish.pruning.layers.standing_in import passed_through
from burnish.pruning.layers.watching import holding_still


def discriminative(
    model: nn.Module, blocks: Sequence[Block], calibration: Calibration, shrinkage: float = SHRINKAGE
) -> dict[str, float]:
    """How much less the classes lie apart in the last features when the input of a block passes it unchanged.

    Source: the idea is that of Chen and Zhao 2018, "Shallowing Deep Networks: Layer-wise Pruning based on Feature
    Representations", IEEE TPAMI 41(12): layers whose features help little to tell classes apart can go. There a linear
    classifier is fitted to the features of every layer; here Fisher's ratio is taken of those that the output layer
    reads (of the output, where no layer gives it), with the block and without.

    Args:
        model: a classifier; it is left as it was.
        blocks: of this model.
        calibration: with one class label a sample, of at least two classes. It is gone through once, and the model runs
            once more for each block.
        shrinkage: see :func:`burnish.pruning.layers.separability`.

    Returns:
        By name of the block; negative where classes lie further apart without it.

    Raises:
        InputError: targets are not one class label a sample, or of one class only.
    """
    whole: list[Tensor] = []
    without: dict[str, list[Tensor]] = {block.name: [] for block in blocks}
    labels: list[Tensor] = []
    head: nn.Module | None = None
    with holding_still(model):
        for number, batch in enumerate(calibration.over(model)):
            labels.append(_labels(batch))
            if number == 0:
                head = _output_layer(model, batch, calibration)
            whole.append(_features(model, head, batch, calibration))
            for name, features in without.items():
                with passed_through(model, [name]):
                    features.append(_features(model, head, batch, calibration))
    labels_N = torch.cat(labels)
    if len(labels_N.unique()) < 2:
        raise InputError(
            f"criterion 'discriminative' tells classes apart, and all {len(labels_N)} calibration samples are of class "
            f"{labels_N[0]}: pass batches= with several"
        )
    first = separability(torch.cat(whole), labels_N, shrinkage)
    return {name: first - separability(torch.cat(parts), labels_N, shrinkage) for name, parts in without.items()}


def _labels(batch: Batch) -> Tensor:
    targets = batch.targets
    if not isinstance(targets, Tensor) or targets.shape != (len(batch),) or targets.is_floating_point():
        got = f"{targets.dtype} {tuple(targets.shape)}" if isinstance(targets, Tensor) else type(targets).__name__
        raise InputError(
            f"criterion 'discriminative' needs a class label a sample, ({len(batch)},) of whole numbers, got {got}: "
            "take 'similarity' or 'loss'"
        )
    return targets.cpu()


def _output_layer(model: nn.Module, batch: Batch, calibration: Calibration) -> nn.Module | None:
    """The layer whose output is that of the model, if there is one."""
    given: list[tuple[nn.Module, Tensor]] = []  # outputs are kept, as memory that is given back may be given to others

    def hook(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            given.append((module, output))

    layers = [module for module in model.modules() if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)]
    handles = [module.register_forward_hook(hook) for module in layers]
    try:
        output = _first_tensor(calibration.forward(model, batch.part(0, 1)))
    finally:
        for handle in handles:
            handle.remove()
    memory = output.untyped_storage()._cdata
    return next((module for module, tensor in reversed(given) if tensor.untyped_storage()._cdata == memory), None)


def _features(model: nn.Module, head: nn.Module | None, batch: Batch, calibration: Calibration) -> Tensor:
    """What the output layer reads, or the output, ``(samples, width)``; the mean over places, if there are any."""
    read: list[Tensor] = []

    def hook(module: nn.Module, args: tuple[Tensor, ...]) -> None:
        read.append(args[0].detach().clone())

    handle = head.register_forward_pre_hook(hook) if head is not None else None
    try:
        output = _first_tensor(calibration.forward(model, batch))
    finally:
        if handle is not None:
            handle.remove()
    features = read[-1] if head is not None else output
    if features.ndim > 2:
        channels = -1 if isinstance(head, nn.Linear) else 1
        features = features.movedim(channels, 1).flatten(2).mean(dim=2)
    return features.reshape(len(batch), -1).cpu()


def _first_tensor(output: Any) -> Tensor:
    found: Tensor = next(leaf for leaf in torch.utils._pytree.tree_leaves(output) if isinstance(leaf, Tensor))
    return found
