"""The criteria by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.pruning.criteria.active_share import ActiveShare
from burnish.pruning.criteria.batchnorm_scale import BatchNormScale
from burnish.pruning.criteria.cosine_redundancy import CosineRedundancy
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.geometric_median import GeometricMedian
from burnish.pruning.criteria.l1 import L1
from burnish.pruning.criteria.l2 import L2
from burnish.pruning.criteria.mean_activation import MeanActivation
from burnish.pruning.criteria.random_control import Random
from burnish.pruning.criteria.taylor import Taylor

_CRITERIA: dict[str, Any] = {
    criterion.name: criterion
    for criterion in (
        ActiveShare,
        BatchNormScale,
        CosineRedundancy,
        GeometricMedian,
        L1,
        L2,
        MeanActivation,
        Random,
        Taylor,
    )
}


def names() -> list[str]:
    """Every name, sorted.

    >>> "taylor" in names()
    True
    """
    return sorted(_CRITERIA)


def create(name: str, **options: Any) -> Criterion:
    """The criterion of a name.

    Args:
        name: one of :func:`names`.
        options: the criterion's own.

    Raises:
        InputError: there is no such criterion, it has no such option, or the option's value cannot be.

    >>> create("random", seed=3)
    Random(seed=3)
    """
    if name not in _CRITERIA:
        raise unknown("criterion", name, names())
    known = [option.name for option in fields(_CRITERIA[name])]
    for given in options:
        if given not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise InputError(f"criterion '{name}' has no option '{given}'{did_you_mean(given, known)}: {takes}")
    found: Criterion = _CRITERIA[name](**options)
    return found
