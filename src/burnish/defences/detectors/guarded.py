"""A classifier and its detector as one model, for an attacker who knows both."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.module_state import preserved_mode
from burnish.defences.detectors.detector import Detector
from burnish.models.auxiliary import main_output


class Guarded(nn.Module):
    """One more class, "rejected", beside those of the model.

    Source: Carlini and Wagner 2017, "Adversarial Examples Are Not Easily Detected: Bypassing Ten Detection Methods",
    arXiv:1705.07263, section 3.2: ``G(x)_i = Z(x)_i``, ``G(x)_(N+1) = (D(x) + 1) * max_i Z(x)_i``, where ``D`` is
    positive for rejected inputs: here the score minus its threshold. What was changed: logits are measured from their
    mean, as a negative maximum would turn the sign of ``D`` round.

    A targeted attack, or any attack with the goal :class:`~burnish.defences.detectors.evade.Evade`, looks for inputs
    that are misclassified and not rejected. An untargeted attack with its usual goal would be content to be rejected.

    Args:
        model: the classifier, giving logits ``(N, K)``; seen in evaluation mode.
        detector: fitted.

    Shape:
        input ``(N, *)``, output ``(N, K + 1)``; the last is the highest where the detector rejects.

    Raises:
        InputError: the detector was not fitted.

    >>> from burnish.defences.detectors.feature_squeezing import FeatureSqueezing
    >>> net = nn.Linear(4, 2).eval()
    >>> guarded = Guarded(net, FeatureSqueezing(net, [nn.Tanh()]).fit(torch.rand(30, 4)))
    >>> guarded(torch.rand(5, 4)).shape
    torch.Size([5, 3])
    """

    def __init__(self, model: nn.Module, detector: Detector) -> None:
        super().__init__()
        detector.fitted_threshold()
        self.model = model
        self.detector = detector
        self.training = False

    def forward(self, inputs: Tensor) -> Tensor:
        examined = self.detector.examine(inputs)
        logits = examined.logits
        if self.model is not self.detector.model:
            with preserved_mode(self.model, training=False):
                logits = main_output(self.model(inputs))
        margin = examined.score - self.detector.fitted_threshold().value  # D of the paper
        highest = logits.amax(dim=1)
        rejected = highest + margin * (highest - logits.mean(dim=1))  # G_(N+1), measured from the mean
        return torch.cat([logits, rejected[:, None]], dim=1)
