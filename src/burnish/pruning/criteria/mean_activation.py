"""Channels by how large they are when data pass through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.readings import mean_readings
from burnish.pruning.graph.group import Group


@dataclass(frozen=True)
class MeanActivation(Criterion):
    """Keep the channels of the largest mean absolute activation over a whole calibration set.

    The activation is what the next layer reads, so behind the nonlinearity; every sample weighs the same.

    Source: Molchanov et al. 2017, "Pruning Convolutional Neural Networks for Resource Efficient Inference",
    arXiv:1611.06440, section 2.2 (activation), after Polyak and Wolf 2015, "Channel-Level Acceleration of Deep Face
    Representations", IEEE Access 3.

    >>> MeanActivation().needs
    'data'
    """

    name: ClassVar[str] = "mean-activation"
    needs: ClassVar[Literal["weights", "data", "loss"]] = "data"

    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """Mean absolute activation of each channel."""
        assert calibration is not None
        return mean_readings(model, groups, calibration, torch.abs)
