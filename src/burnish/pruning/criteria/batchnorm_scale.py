"""Channels by the scale that batch normalisation learnt for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.members import combined, rows, tensors_of
from burnish.pruning.criteria.normalisation import Normalisation
from burnish.pruning.graph.group import Group, Slice


@dataclass(frozen=True)
class BatchNormScale(Criterion):
    """Keep the channels that batch normalisation scales up the most: the absolute value of gamma.

    Source: Liu et al. 2017, "Learning Efficient Convolutional Networks through Network Slimming", arXiv:1708.06519,
    section 3; its threshold is one for all layers, so scores are not normalised. It is meant for networks trained with
    an L1 penalty on gamma (eq. 1); without one it is a weak guide.

    >>> BatchNormScale().needs
    'weights'
    """

    name: ClassVar[str] = "batchnorm-scale"
    normalisation: ClassVar[Normalisation] = "none"

    def score(self, model: nn.Module, groups: Sequence[Group], calibration: Calibration | None) -> list[Tensor]:
        """Absolute gamma of each channel.

        Raises:
            InputError: a group goes through no batch normalisation with a scale.
        """
        tensors, modules = tensors_of(model), dict(model.named_modules())
        scales = {
            group.name: [part for part in group.slices if _is_scale(modules[part.module], part)] for group in groups
        }
        without = [name for name, parts in scales.items() if not parts]
        if without:
            more = f" and {len(without) - 4} more" if len(without) > 4 else ""
            raise InputError(
                f"criterion '{self.name}' needs a batch normalisation with learnt scales on every group, and "
                f"{', '.join(without[:4])}{more} have none: ignore those layers, or take l1, l2 or taylor"
            )
        return [
            combined([rows(tensors[part.tensor], part).abs().mean(dim=1) for part in parts])
            for parts in scales.values()
        ]


def _is_scale(module: nn.Module, part: Slice) -> bool:
    normalises = isinstance(module, nn.modules.batchnorm._BatchNorm) or hasattr(module, "running_var")
    return normalises and part.role == "carries" and part.tensor.rpartition(".")[2] == "weight"
