"""Channels by what the loss would change without them, to first order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from burnish.common.errors import unknown
from burnish.common.module_state import untouched
from burnish.data.batch import Batch
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.members import consuming, producing
from burnish.pruning.criteria.normalisation import Normalisation
from burnish.pruning.graph.group import Group, Slice

Measure = Literal["squared", "absolute"]
Gradient = Literal["sample", "mean"]
Weights = Literal["consumers", "producers"]


@dataclass(frozen=True)
class Taylor(Criterion):
    """Keep the channels whose removal would change the loss the most, by the gradient of the loss.

    Source: Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning", arXiv:1906.10771, eq. 7 and 8:
    the squared sum of gradient times weight over the weights that go together. Where the paper squares the gradient of
    a minibatch, here it is that of a sample, so that scores do not depend on the batch size. Scores are in units of the
    loss and are not normalised.

    Args:
        measure: ``squared`` as in the paper, or ``absolute``; of the changes that samples want.
        gradient: ``sample``: measure what each sample would lose, then take the mean (one backward a sample);
            ``mean``: measure the mean over the calibration set (one backward a batch). A trained network has a mean
            gradient near zero, in which channels that pull samples both ways vanish.
        weights: whose sum is taken. ``consumers``: of the weights that read the channel: without them it is gone,
            whatever normalisation lies before. ``producers``: of the filters that make it, with their biases, as in the
            paper for networks without batch normalisation; there both are equal behind a ReLU.

    Raises:
        InputError: an option that is none of these.

    >>> Taylor(measure="absolute").needs
    'loss'
    """

    name: ClassVar[str] = "taylor"
    needs: ClassVar[Literal["weights", "data", "loss"]] = "loss"
    normalisation: ClassVar[Normalisation] = "none"

    measure: Measure = "squared"
    gradient: Gradient = "sample"
    weights: Weights = "consumers"

    def __post_init__(self) -> None:
        for option, given, known in (
            ("measure", self.measure, Measure),
            ("gradient", self.gradient, Gradient),
            ("weights", self.weights, Weights),
        ):
            if given not in get_args(known):
                raise unknown(option, given, get_args(known))

    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """What the loss would change, to first order."""
        assert calibration is not None
        parts = [self._parts(group) for group in groups]
        names = {part.tensor for several in parts for part in several}
        parameters = {name: tensor for name, tensor in model.named_parameters() if name in names}
        totals = [torch.zeros(group.count, dtype=torch.float64) for group in groups]
        samples = 0
        # cuDNN has no backward of a recurrent layer in evaluation mode.
        recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
        with (
            untouched(model),
            torch.enable_grad(),
            torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled and not recurrent),
        ):
            model.eval()
            for parameter in parameters.values():
                parameter.requires_grad_()
            for batch in calibration.over(model):
                for piece in self._pieces(batch):
                    changes = _changes(calibration.mean_loss(model, piece), parameters, parts)
                    for total, change in zip(totals, changes, strict=True):
                        total += len(piece) * (self._measured(change) if self.gradient == "sample" else change)
                samples += len(batch)
        found = [total / samples for total in totals]
        return found if self.gradient == "sample" else [self._measured(change) for change in found]

    def _parts(self, group: Group) -> list[Slice]:
        readers = consuming(group)
        if self.weights == "consumers" and readers:
            return readers
        makers = producing(group)
        modules = {part.module for part in makers}
        biases = [part for part in group.slices if part.role == "carries" and not part.is_buffer]
        return makers + [part for part in biases if part.module in modules and part not in makers]

    def _pieces(self, batch: Batch) -> Iterator[Batch]:
        if self.gradient == "mean":
            yield batch
            return
        for place in range(len(batch)):
            yield batch.part(place, place + 1)

    def _measured(self, change: Tensor) -> Tensor:
        return change.square() if self.measure == "squared" else change.abs()


def _changes(loss: Tensor, parameters: dict[str, nn.Parameter], parts: list[list[Slice]]) -> list[Tensor]:
    """Sum of gradient times weight over the slices of each channel, ``(channels,)`` float64 a group."""
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    products = {
        name: _precise(gradient) * _precise(parameter.detach())
        for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True)
        if gradient is not None
    }
    along: dict[tuple[str, int], Tensor] = {}
    result = []
    for several in parts:
        total = torch.zeros(len(several[0].index), dtype=torch.float64)
        for part in several:
            if part.tensor not in products:
                continue
            place = (part.tensor, part.dim)
            if place not in along:
                product = products[part.tensor]
                along[place] = (
                    product.transpose(0, part.dim).reshape(product.shape[part.dim], -1).sum(dim=1).cpu().double()
                )
            total += along[place][part.index].sum(dim=1)
        result.append(total)
    return result


def _precise(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
