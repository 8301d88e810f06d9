"""Randomised smoothing: a model that votes under noise, and can prove that no small change alters its answer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating, untouched
from burnish.common.seeding import derive_seed
from burnish.defences.smoothing_bounds import lower_confidence_bound, tie_p_value
from burnish.defences.smoothing_certificates import ABSTAIN, Certificates
from burnish.models.auxiliary import main_output


class Smoothed(nn.Module):
    """A classifier that answers what its base model answers most often when normal noise is added to the input.

    Source: Cohen, Rosenfeld and Kolter 2019, "Certified Adversarial Robustness via Randomized Smoothing",
    arXiv:1902.02918, eq. 1 and algorithm 1. The base model sees noisy inputs, outside [0, 1] too: one that was trained
    with noise of the same ``sigma`` certifies far more, and one behind a preprocessing of this package refuses them.

    A forward gives attacks something to descend: the logarithm of the mean probability over ``copies`` noisy copies
    (Salman et al. 2019, arXiv:1906.04584, section 2), with the same noise at every call. :meth:`predict` and
    :meth:`certify` draw noise of their own, and leave modes, gradients and the global generators as they were.

    Args:
        model: from inputs ``(N, *)`` to logits ``(N, classes)``.
        sigma: standard deviation of the noise, in units of the inputs; 0.12 to 1 is usual for pixels in [0, 1].
        copies: noisy copies of an input in a forward.
        batch_size: noisy copies that go through the model at once while votes are counted, which bounds the memory.

    Raises:
        InputError: a number that cannot be.

    >>> leans_right = nn.Linear(1, 2)
    >>> _ = leans_right.weight.data.copy_(torch.tensor([[-1.0], [1.0]])), leans_right.bias.data.zero_()
    >>> Smoothed(leans_right, 0.5).predict(torch.tensor([[-1.0], [0.0], [1.0]])).tolist()  # -1: abstains
    [0, -1, 1]
    """

    def __init__(self, model: nn.Module, sigma: float, *, copies: int = 16, batch_size: int = 512) -> None:
        super().__init__()
        if not 0 < sigma < math.inf:
            raise InputError(
                f"sigma must be a positive number, got {sigma}: it is the noise that smooths, 0.25 is usual"
            )
        _check_count("copies", copies)
        _check_count("batch_size", batch_size)
        self.model = model
        self.sigma = sigma
        self.copies = copies
        self.batch_size = batch_size
        self.training = model.training

    def forward(self, inputs: Tensor) -> Tensor:
        noise = torch.randn(
            (len(inputs), self.copies, *inputs.shape[1:]),
            generator=_generator(0, "forward", inputs.device),
            dtype=inputs.dtype,
            device=inputs.device,
        )
        noisy = (inputs[:, None] + self.sigma * noise).flatten(0, 1)
        logarithms: Tensor = main_output(self.model(noisy)).log_softmax(dim=1).unflatten(0, (len(inputs), self.copies))
        return logarithms.logsumexp(dim=1) - math.log(self.copies)

    def predict(self, inputs: Tensor, samples: int = 100, alpha: float = 0.001, *, seed: int = 0) -> Tensor:
        """The smoothed classes (PREDICT of algorithm 1).

        Args:
            inputs: ``(N, *)`` floats.
            samples: votes for each input.
            alpha: chance at most of an answer other than the smoothed classifier's.
            seed: of the noise. Inputs of separate calls have noise of their own only with separate seeds.

        Returns:
            Classes ``(N,)`` int64; :data:`~burnish.defences.smoothing_certificates.ABSTAIN` (-1) where the lead of the
            first class over the second may be luck.

        Raises:
            InputError: numbers or inputs that cannot be, or so few samples that every input would abstain.
        """
        _check_alpha(alpha)
        _check_count("samples", samples)
        _check_enough(samples, math.ceil(1 - math.log2(alpha)), alpha)  # 2 * 0.5 ** samples <= alpha
        most, leaders = self._votes(inputs, samples, _generator(seed, "predict", inputs.device)).topk(2)
        decided = tie_p_value(most[:, 0], most[:, 1]) <= alpha
        return torch.where(decided.to(leaders.device), leaders[:, 0], ABSTAIN)

    def certify(
        self, inputs: Tensor, samples0: int = 100, samples: int = 10_000, alpha: float = 0.001, *, seed: int = 0
    ) -> Certificates:
        """The smoothed classes and the L2 radii within which they cannot change (CERTIFY of algorithm 1).

        Args:
            inputs: ``(N, *)`` floats.
            samples0: votes that choose the class.
            samples: votes, drawn anew, that bound its chance.
            alpha: chance at most that the promise about an input is wrong.
            seed: of the noise. Inputs of separate calls have noise of their own only with separate seeds.

        Returns:
            Classes, radii and bounds.

        Raises:
            InputError: numbers or inputs that cannot be, or so few samples that every input would abstain.
        """
        _check_alpha(alpha)
        _check_count("samples0", samples0)
        _check_count("samples", samples)
        _check_enough(samples, math.floor(-math.log2(alpha)) + 1, alpha)  # alpha ** (1 / samples) > 0.5
        random = _generator(seed, "certify", inputs.device)
        chosen = self._votes(inputs, samples0, random).argmax(dim=1)
        votes = self._votes(inputs, samples, random).gather(1, chosen[:, None]).squeeze(1)
        lower = lower_confidence_bound(votes, samples, alpha)
        decided = lower > 0.5
        radii = torch.where(decided, self.sigma * torch.special.ndtri(lower), 0.0)  # theorem 1 with p_B = 1 - p_A
        return Certificates(torch.where(decided, chosen.cpu(), ABSTAIN), radii, lower, self.sigma, samples, alpha)

    def _votes(self, inputs: Tensor, samples: int, random: torch.Generator) -> Tensor:
        """How often each class wins among noisy copies, ``(N, classes)`` (SAMPLEUNDERNOISE of algorithm 1)."""
        _check_inputs(inputs)
        votes = torch.zeros(0)
        total = len(inputs) * samples
        with untouched(self.model), evaluating(self.model):
            for start in range(0, total, self.batch_size):
                owners = torch.arange(start, min(start + self.batch_size, total), device=inputs.device) // samples
                noisy = inputs[owners]
                noise = torch.randn(noisy.shape, generator=random, dtype=noisy.dtype, device=noisy.device)
                logits = main_output(self.model(noisy.add_(noise, alpha=self.sigma)))
                _check_logits(logits, len(owners))
                if start == 0:
                    votes = torch.zeros(len(inputs), logits.shape[1], dtype=torch.int64, device=logits.device)
                one = torch.ones((), dtype=torch.int64, device=logits.device)
                votes.index_put_((owners, logits.argmax(dim=1)), one, accumulate=True)
        return votes

    def extra_repr(self) -> str:
        return f"sigma={self.sigma}"


def _generator(seed: int, purpose: str, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(derive_seed(seed, "smoothing", purpose))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise InputError(f"alpha must lie in (0, 1), got {alpha}: it is the chance of a wrong answer, 0.001 is usual")


def _check_count(name: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"{name} must be a whole number from 1 on, got {count}")


def _check_enough(samples: int, fewest: int, alpha: float) -> None:
    if samples < fewest:
        raise InputError(
            f"{samples} samples can decide nothing at alpha {alpha:g}, even when all agree: give at least {fewest}"
        )


def _check_inputs(inputs: Tensor) -> None:
    if not inputs.is_floating_point():
        kind = str(inputs.dtype).removeprefix("torch.")
        raise InputError(f"noise needs float inputs (N, ...), got {kind}: divide the bytes of images by 255 first")
    if inputs.ndim < 2 or len(inputs) == 0:
        raise InputError(f"smoothing needs a batch of inputs (N, ...), got shape {tuple(inputs.shape)}")


def _check_logits(logits: Tensor, count: int) -> None:
    if logits.ndim != 2 or len(logits) != count or logits.shape[1] < 2:
        raise InputError(
            f"smoothing needs a classifier with outputs ({count}, classes) and two classes or more, "
            f"got {tuple(logits.shape)}"
        )
    if bool(logits.isnan().any()):
        raise InputError("the model's outputs are NaN under noise, so there are no votes to count")
