"""What an attacker wants of a guarded model: a wrong class that is not rejected."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.attacks.checks import check_labels, check_logits


class Evade:
    """A goal for attacks on :class:`~burnish.defences.detectors.guarded.Guarded`: neither right nor rejected.

    The loss is the log-odds of a wrong class against right and rejected together. While the sample is rejected its
    gradient fools the detector first, while it is right the classifier, and between the two it weighs both. Measured on
    digits, that evades more often than a loss that looks at the higher of the two alone.

    >>> output = torch.tensor([[2.0, 1.0, 0.0], [1.0, 2.0, 3.0], [1.0, 2.0, 0.0]])  # right, rejected, evading
    >>> Evade().fooled(output, torch.tensor([0, 0, 0]))
    tensor([False, False,  True])
    """

    def check_labels(self, labels: Any, count: int) -> None:
        """Refuse labels that are not one class number a sample."""
        check_labels(labels, count)

    def check(self, output: Any, labels: Tensor) -> None:
        """Refuse an output without a class for each label."""
        check_logits(output[:, :-1] if isinstance(output, Tensor) and output.ndim == 2 else output, labels)

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        """What to raise, ``(N,)``."""
        right, rejected, wrong = _outcomes(output, labels)
        return wrong.logsumexp(dim=1) - torch.logaddexp(right, rejected)

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        """Whether each sample is misclassified and not rejected, ``(N,)`` bool."""
        right, rejected, wrong = _outcomes(output, labels)
        # Not by argmax: a margin lost in rounding would tie, and a tie is no evasion.
        return wrong.amax(dim=1) > right.maximum(rejected)


def _outcomes(output: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of the true class ``(N,)``, of the rejection ``(N,)``, of the wrong classes ``(N, K)``."""
    own = labels[:, None]
    logits, rejected = output[:, :-1], output[:, -1]
    return logits.gather(1, own)[:, 0], rejected, logits.scatter(1, own, -torch.inf)
