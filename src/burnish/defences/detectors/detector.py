"""What every detector has in common: a score, a threshold that is chosen on clean samples, a verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from burnish.attacks.checks import are_probabilities
from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.defences.detectors.threshold import Threshold, choose_threshold
from burnish.models.auxiliary import main_output


@dataclass(frozen=True, eq=False)
class Examined:
    """What one look at a batch gives: the model's logits ``(N, K)`` and the detector's score ``(N,)``."""

    logits: Tensor
    score: Tensor


class Detector(nn.Module, ABC):
    """A score of how suspicious an input is, and a threshold above which it is rejected.

    Scores are differentiable, so that an attacker who knows the detector can be played. The model always looks in
    evaluation mode and is left in the mode that it was in.

    Args:
        model: the classifier that is guarded, giving logits; it is referred to, not copied.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.threshold: Threshold | None = None
        self.training = False  # own flag alone: the mode of the model is not this class's to change

    @abstractmethod
    def examine(self, inputs: Tensor) -> Examined:
        """Logits and scores of inputs ``(N, *)``, with their gradients."""

    def score(self, inputs: Tensor) -> Tensor:
        """How suspicious each input ``(N, *)`` is, ``(N,)``: higher is more.

        Raises:
            InputError: the detector was not fitted.
        """
        self.fitted_threshold()
        return self.examine(inputs).score

    def forward(self, inputs: Tensor) -> Tensor:
        return self.score(inputs)

    def rejects(self, inputs: Tensor) -> Tensor:
        """Whether each input is rejected, ``(N,)`` bool.

        Raises:
            InputError: the detector was not fitted.
        """
        with torch.no_grad():
            return self.score(inputs) > self.fitted_threshold().value

    def calibrate(self, clean: Tensor, false_positive_rate: float = 0.05) -> Threshold:
        """Choose the threshold, anew where there was one.

        Args:
            clean: samples ``(N, *)`` that the detector has not learnt from.
            false_positive_rate: share of clean samples that may be rejected.

        Raises:
            InputError: no clean samples, too few for the rate, or a rate outside (0, 1).
        """
        check_samples(clean, "clean")
        examined = self.examine_all(clean)
        if are_probabilities(examined.logits):
            raise InputError("the model gives probabilities, where a detector needs logits: leave out its softmax")
        self.threshold = choose_threshold(examined.score, false_positive_rate)
        return self.threshold

    def examine_all(self, inputs: Tensor, batch_size: int = 256) -> Examined:
        """Logits and scores of many samples, on the CPU, without gradients and a batch at a time.

        Global generators stay as they are, also where a squeezer draws from them.
        """
        with torch.no_grad(), preserved_rng():
            parts = [self.examine(self.placed(part)) for part in inputs.split(batch_size)]
        return Examined(torch.cat([part.logits for part in parts]).cpu(), torch.cat([p.score for p in parts]).cpu())

    def placed(self, inputs: Tensor) -> Tensor:
        """Inputs on the device of the model."""
        return inputs.to(next((parameter.device for parameter in self.model.parameters()), inputs.device))

    def fitted_threshold(self) -> Threshold:
        """The threshold.

        Raises:
            InputError: there is none so far.
        """
        if self.threshold is None:
            raise InputError(f"{type(self).__name__} was not fitted: call fit on clean samples first")
        return self.threshold

    def classify(self, inputs: Tensor) -> Tensor:
        """The model's logits ``(N, K)``.

        Raises:
            InputError: the model gives something else.
        """
        logits = main_output(self.model(inputs))
        if not isinstance(logits, Tensor) or logits.ndim != 2 or logits.shape[1] < 2:
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise InputError(f"a detector guards a classifier with logits ({len(inputs)}, classes), got {shape}")
        return logits


def check_samples(samples: Tensor, kind: str) -> None:
    """Say what is wrong with samples that no detector can take.

    Raises:
        InputError: not a float batch of at least one sample.
    """
    if not isinstance(samples, Tensor):
        raise InputError(f"{kind} samples must be a tensor (N, *), got {type(samples).__name__}")
    if samples.ndim < 2 or len(samples) == 0:
        raise InputError(f"no {kind} samples: a detector needs a batch (N, *), got shape {tuple(samples.shape)}")
    if not samples.is_floating_point():
        raise InputError(f"{kind} samples must be floats as the model takes them, got {samples.dtype}")


def check_same_shape(clean: Tensor, attacked: Tensor) -> None:
    """Say so when clean and attacked samples are not the same kind of thing.

    Raises:
        InputError: one clean sample has another shape than one attacked sample.
    """
    if clean.shape[1:] != attacked.shape[1:]:
        raise InputError(
            f"clean and attacked samples differ in shape: {tuple(clean.shape[1:])} and {tuple(attacked.shape[1:])}"
        )
