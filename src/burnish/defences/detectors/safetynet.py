"""Attacks switch on units that natural images leave off: a kernel machine learns the patterns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import generator
from burnish.defences.detectors.activation_codes import ActivationCodes
from burnish.defences.detectors.detector import Detector, Examined, check_same_shape, check_samples
from burnish.defences.detectors.layer_outputs import Tap, flattened, last_activations, outputs_of, recorded
from burnish.defences.detectors.rbf_machine import RbfMachine

_BATCH = 256


class SafetyNet(Detector):
    """Reject inputs whose late activations, as codes of a few levels, look like those of attacks.

    Source: Lu, Issaranon and Forsyth 2017, "SafetyNet: Detecting and Rejecting Adversarial Examples Robustly",
    arXiv:1704.00103, section 3: a support vector machine with a Gaussian kernel on quantised activations of late ReLU
    layers, trained on natural and attacked samples. What was changed: levels are quantiles of each unit on the clean
    samples, and the threshold is chosen for a false-positive rate instead of at 0.

    Args:
        model: the classifier that is guarded, giving logits.
        layers: names of the layers whose outputs are watched; None watches what the last linear layer receives.
        levels: values of a code: 2 is off and on, 4 the paper's other choice.
        penalty: of the machine, for samples on the wrong side (C).
        gamma: width of its kernel; None is ``1 / (D * variance)`` of the codes.

    Raises:
        InputError: a layer that the model does not have; from :meth:`fit`, one that does not run.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    >>> detector = SafetyNet(model).fit(torch.rand(200, 4), 3 * torch.rand(200, 4))
    >>> detector.score(torch.rand(5, 4)).shape
    torch.Size([5])
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Sequence[str] | None = None,
        *,
        levels: int = 4,
        penalty: float = 1.0,
        gamma: float | None = None,
    ) -> None:
        super().__init__(model)
        self.taps: tuple[Tap, ...] | None = None if layers is None else outputs_of(model, layers)
        self.levels = levels
        self.penalty = penalty
        self.gamma = gamma
        self.codes: ActivationCodes | None = None
        self.machine: RbfMachine | None = None

    def fit(
        self,
        clean: Tensor,
        attacked: Tensor,
        *,
        false_positive_rate: float = 0.05,
        held_out: float = 0.3,
        seed: int = 0,
    ) -> Self:
        """Learn the patterns, and choose the threshold on clean samples that were not learnt from.

        Args:
            clean: natural samples ``(N, *)``.
            attacked: attacked ones ``(M, *)``, those that fool the model for choice.
            false_positive_rate: share of clean samples that may be rejected.
            held_out: share of the clean samples that is kept for the threshold.
            seed: decides which.

        Raises:
            InputError: no samples of one kind, shapes that differ, a share or rate outside (0, 1), or too few samples.
        """
        check_samples(clean, "clean")
        check_samples(attacked, "attacked")
        check_same_shape(clean, attacked)
        if not 0 < held_out < 1:
            raise InputError(f"held_out must lie in (0, 1), got {held_out}: it is the share kept for the threshold")
        kept = round(held_out * len(clean))
        if not 0 < kept < len(clean):
            raise InputError(f"{len(clean)} clean samples cannot be split into some to learn from and some held out")
        order = torch.randperm(len(clean), generator=generator(seed, "held out")).to(clean.device)
        learnt = clean[order[kept:]]
        if self.taps is None:
            self.taps = last_activations(self.model, self.placed(learnt[:2]))
        natural, unnatural = self._activations(learnt), self._activations(attacked)
        self.codes = ActivationCodes(natural, self.levels).eval()
        self.machine = RbfMachine(self.codes(natural), self.codes(unnatural), self.penalty, self.gamma).eval()
        self.calibrate(clean[order[:kept]], false_positive_rate)
        return self

    def examine(self, inputs: Tensor) -> Examined:
        """Logits, and the decision of the machine: positive where the activations look attacked."""
        if self.taps is None or self.codes is None or self.machine is None:
            raise InputError("SafetyNet was not fitted: call fit on clean and attacked samples first")
        with preserved_mode(self, training=False), recorded(self.model, self.taps) as seen:
            logits = self.classify(inputs)
        return Examined(logits, self.machine(self.codes(flattened(seen, self.taps))))

    def _activations(self, inputs: Tensor) -> Tensor:
        assert self.taps is not None
        parts = []
        for part in inputs.split(_BATCH):
            with torch.no_grad(), preserved_mode(self, training=False), recorded(self.model, self.taps) as seen:
                self.classify(self.placed(part))
            parts.append(flattened(seen, self.taps))
        return torch.cat(parts)
