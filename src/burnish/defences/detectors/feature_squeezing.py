"""Two predictions of one input: an attack does not survive squeezing, a natural image does."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import generator, preserved_rng
from burnish.defences.detectors.detector import Detector, Examined, check_samples
from burnish.defences.preprocessing.bit_depth import BitDepth
from burnish.defences.preprocessing.median import MedianSmoothing
from burnish.defences.preprocessing.straight_through import StraightThrough

_PROBED = 16


class FeatureSqueezing(Detector):
    """Reject inputs whose prediction changes when they are squeezed.

    Source: Xu, Evans and Qi 2018, "Feature Squeezing: Detecting Adversarial Examples in Deep Neural Networks", NDSS,
    arXiv:1704.01155, section V: the L1 distance between the softmax of the input and that of the squeezed input, in
    [0, 2]; of several squeezers the largest counts (joint detection). Nothing is learnt but the threshold.

    A squeezer without a gradient of its own (rounding, encoding) gets a straight-through one, so that an attacker who
    knows the detector is not stopped by zeros.

    Args:
        model: the classifier that is guarded, giving logits.
        squeezers: modules from an input to one of the same shape; the detector keeps copies in evaluation mode.

    Raises:
        InputError: no squeezers; from a call, one that changes the shape.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).eval()
    >>> detector = FeatureSqueezing(model, [BitDepth(1)]).fit(torch.rand(40, 1, 2, 2), false_positive_rate=0.1)
    >>> detector.rejects(torch.ones(3, 1, 2, 2))
    tensor([False, False, False])
    """

    def __init__(self, model: nn.Module, squeezers: Sequence[nn.Module]) -> None:
        super().__init__(model)
        if len(squeezers) == 0:
            raise InputError("feature squeezing needs at least one squeezer, such as BitDepth(4) or MedianSmoothing(3)")
        self.squeezers = nn.ModuleList(copy.deepcopy(squeezer).eval() for squeezer in squeezers)
        self.squeezers.training = False

    def fit(self, clean: Tensor, *, false_positive_rate: float = 0.05) -> Self:
        """Choose the threshold.

        Args:
            clean: samples ``(N, *)``, none of which the detector is judged on later.
            false_positive_rate: share of clean samples that may be rejected.

        Raises:
            InputError: no clean samples, too few for the rate, or a rate outside (0, 1).
        """
        check_samples(clean, "clean")
        example = self.placed(clean[:_PROBED])
        for place, squeezer in enumerate(self.squeezers):
            if not isinstance(squeezer, StraightThrough) and not passes_gradient(squeezer, example):
                self.squeezers[place] = StraightThrough(squeezer).eval()
        self.calibrate(clean, false_positive_rate)
        return self

    def examine(self, inputs: Tensor) -> Examined:
        """Logits, and the largest distance between the prediction and that of a squeezed input."""
        with preserved_mode(self, training=False):
            logits = self.classify(inputs)
            prediction = logits.softmax(dim=1)
            distances = []
            for squeezer in self.squeezers:
                squeezed = squeezer(inputs)
                if squeezed.shape != inputs.shape:
                    raise InputError(
                        f"{type(squeezer).__name__} turns inputs {tuple(inputs.shape)} into {tuple(squeezed.shape)}: "
                        "a squeezer keeps the shape"
                    )
                distances.append((prediction - self.classify(squeezed).softmax(dim=1)).abs().sum(dim=1))
        return Examined(logits, torch.stack(distances).amax(dim=0))


def usual_squeezers(channels: int) -> tuple[nn.Module, ...]:
    """The squeezers that detect best together, by the kind of image.

    Source: Xu, Evans and Qi 2018, section V: 1 bit and a median for grey images, 5 bits, a median and non-local means
    for colour. The median's window is 3 where the paper's is 2, which has no centre; non-local means are left out.

    Args:
        channels: of the images.

    >>> usual_squeezers(1)
    (BitDepth(bits=1), MedianSmoothing(window=3))
    """
    return BitDepth(1 if channels == 1 else 5), MedianSmoothing(3)


def passes_gradient(squeezer: nn.Module, example: Tensor) -> bool:
    """Whether a change of the input shows in the gradient through a module, tried on ``example``.

    >>> passes_gradient(BitDepth(1), torch.rand(1, 1, 2, 2)), passes_gradient(nn.Tanh(), torch.rand(1, 2))
    (False, True)
    """
    with torch.enable_grad(), preserved_rng():
        inputs = example.detach().clone().requires_grad_()
        squeezed = squeezer(inputs)
        if not squeezed.requires_grad:
            return False
        # Random weights: a module that normalises would hide its gradient in a plain sum.
        weights = torch.rand(squeezed.shape, generator=generator(0, "squeezer")).to(squeezed)
        (gradient,) = torch.autograd.grad((squeezed * weights).sum(), inputs, allow_unused=True)
    return gradient is not None and bool(gradient.any())
