"""Accuracy over the size of the perturbation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from burnish.attacks.norms import Norm
from burnish.attacks.suites.suite import Suite
from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion


@dataclass(frozen=True, eq=False)
class Curve:
    """Robust accuracy at several radii.

    Args:
        norm: of the radii.
        eps: the radii, rising ``(K,)``.
        accuracy: robust accuracy at each of them.
        smallest: the smallest of the radii at which each sample is fooled ``(N,)``; 0 where it is wrong before any
            attack, infinite where it withstands them all.
    """

    norm: Norm
    eps: tuple[float, ...]
    accuracy: tuple[Estimate, ...]
    smallest: Tensor

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {"norm": self.norm, "eps": list(self.eps), "accuracy": [vars(share) for share in self.accuracy]}


def curve(
    suite: Suite,
    inputs: Tensor,
    labels: Tensor,
    eps: Sequence[float],
    *,
    confidence: float = 0.95,
    on_start: Callable[[float, str, int], None] | None = None,
) -> Curve:
    """Attack at rising radii; a sample that was fooled at a smaller one is fooled at every larger one.

    The accuracy never rises with the radius, since what fooled a sample lies in every larger ball too.

    Args:
        suite: of attacks; their own radius does not matter.
        inputs: ``(N, *)`` floats within the bounds.
        labels: the true classes ``(N,)``.
        eps: radii in any order; 0 gives the accuracy before any attack.
        confidence: level of the intervals.
        on_start: called before each attack with the radius, the attack's name and the number of samples it tries.

    Raises:
        InputError: there is no radius, one is negative, or what :meth:`Suite.run` refuses.

    >>> from burnish.attacks import FGSM
    >>> model = torch.nn.Linear(1, 2).eval()
    >>> _ = model.load_state_dict({"weight": torch.tensor([[0.0], [1.0]]), "bias": torch.tensor([0.25, 0.0])})
    >>> x, y = torch.tensor([[0.5], [1.0]]), torch.tensor([1, 1])
    >>> [share.value for share in curve(Suite("one", [FGSM(model, eps=1)]), x, y, [0, 0.5, 1]).accuracy]
    [1.0, 0.5, 0.0]
    """
    radii = sorted(set(map(float, eps)))
    if not radii:
        raise InputError("a curve needs at least one eps, got none: 0,2/255,4/255,8/255 is usual for photos in linf")
    if radii[0] < 0:
        raise InputError(f"eps must be 0 or more, got {radii[0]:g}")
    smallest = torch.full((len(inputs),), torch.inf, device=inputs.device)
    shares = []
    for radius in radii:
        told = _at(on_start, radius)
        spared = smallest <= radius if radius > 0 else torch.ones_like(smallest, dtype=torch.bool)
        found = suite.within(radius).run(inputs, labels, spared=spared, on_start=told)
        smallest[~found.right] = 0.0
        smallest[found.fooled_by >= 0] = radius
        shares.append(proportion(int((smallest > radius).sum()), len(inputs), confidence))
    return Curve(suite.norm, tuple(radii), tuple(shares), smallest)


def _at(told: Callable[[float, str, int], None] | None, radius: float) -> Callable[[str, int], None] | None:
    return None if told is None else lambda name, count: told(radius, name, count)
