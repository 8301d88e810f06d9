"""What every criterion is: a rule that says how much each channel of a group matters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor, nn

from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.members import tensors_of
from burnish.pruning.criteria.normalisation import Normalisation
from burnish.pruning.graph.group import Group


class Criterion(ABC):
    """Base of every criterion; call it through :func:`burnish.pruning.criteria.score_groups`.

    Class attributes:
        name: how configs and the command line call it.
        needs: what it looks at beside weights: nothing, data, or the loss on data.
        normalisation: what makes its scores comparable between groups; ``none`` where they are so as they come.
    """

    name: ClassVar[str]
    needs: ClassVar[Literal["weights", "data", "loss"]] = "weights"
    normalisation: ClassVar[Normalisation] = "mean"

    @abstractmethod
    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """One score of at least 0 a channel, higher for what should stay, ``(channels,)`` float64 for each group."""


class WeightCriterion(Criterion):
    """Base of criteria that look at the weights of one group at a time."""

    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """One score a channel for each group; data are not looked at."""
        tensors = tensors_of(model)
        return [self.of_group(tensors, group) for group in groups]

    @abstractmethod
    def of_group(self, tensors: Mapping[str, Tensor], group: Group) -> Tensor:
        """Scores of one group, ``(channels,)`` float64.

        Args:
            tensors: parameters and buffers of the model by name.
            group: of coupled channels.
        """
