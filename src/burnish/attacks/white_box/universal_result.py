"""One perturbation, and how many images it fools."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from burnish.attacks.norms import Norm
from burnish.common.intervals import Estimate


@dataclass(frozen=True)
class UniversalResult:
    """One perturbation for many images.

    A fooling rate is the share of the images whose answer the perturbation changes: Moosavi-Dezfooli et al. 2016,
    arXiv:1610.08401, eq. 1. Only that of images held out says what a new image may expect.

    Attributes:
        perturbation: what is added to every image ``(*)``.
        norm: how it is measured.
        distance: its size.
        made_on: fooling rate among the images that it was made on, with its interval.
        held_out: the same among images that were kept apart; of none of them the value is NaN.
        held_out_rows: places of those images among the inputs.
        epochs: passes over the images.
        gradients: gradients spent, one an image and pass.
        bounds: of an image.
    """

    perturbation: Tensor
    norm: Norm
    distance: float
    made_on: Estimate
    held_out: Estimate
    held_out_rows: Tensor
    epochs: int
    gradients: int
    bounds: tuple[float, float]

    def apply(self, inputs: Tensor) -> Tensor:
        """Images ``(N, *)`` with the perturbation, clipped to the bounds."""
        return (inputs + self.perturbation.to(inputs)).clamp(*self.bounds)
