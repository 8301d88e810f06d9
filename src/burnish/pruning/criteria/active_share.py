"""Channels by how often they are not zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.readings import mean_readings
from burnish.pruning.graph.group import Group


@dataclass(frozen=True)
class ActiveShare(Criterion):
    """Keep the channels that are zero least often: 1 minus the average percentage of zeros (APoZ).

    It says something of channels behind a ReLU or the like; others are never zero, and score 1.

    Source: Hu et al. 2016, "Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep
    Architectures", arXiv:1607.03250, eq. 1, over what the next layer reads. Scores lie in [0, 1].

    >>> ActiveShare().name
    'active-share'
    """

    name: ClassVar[str] = "active-share"
    needs: ClassVar[Literal["weights", "data", "loss"]] = "data"

    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """Share of values of each channel that are not zero.

        Raises:
            InputError: no channel is ever zero.
        """
        assert calibration is not None
        found = mean_readings(model, groups, calibration, lambda values: (values != 0).to(values.dtype))
        if all(bool((scores == 1).all()) for scores in found):
            raise InputError(
                f"criterion '{self.name}' counts zeros, and no channel of this model is ever zero: it serves networks "
                "with ReLU; take mean-activation here"
            )
        return found
