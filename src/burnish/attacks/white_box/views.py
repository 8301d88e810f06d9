"""A model that looks at every sample several times, each time changed at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from burnish.attacks.goal import Goal
from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.models.auxiliary import main_output

Transform = Callable[[Tensor, torch.Generator], Tensor]


class Views(nn.Module):
    """The model's answers to ``samples`` random views of each sample.

    The views of a call depend on the seed and on how many calls there were before; ``calls`` is a buffer, so that an
    attack, which puts buffers back, meets the same views whenever it is repeated. To judge on fresh ones take
    another seed.

    Args:
        model: any module from images to logits ``(N, classes)``.
        transforms: applied one after the other; each takes images and a generator, and is differentiable.
        samples: views of each sample.
        seed: of the views.

    Shape:
        input ``(N, *)``; output ``(N, samples, classes)``.

    Raises:
        InputError: no transforms, or no samples.

    >>> views = Views(nn.Flatten(), [lambda images, draw: images + torch.rand(1, generator=draw)], samples=3)
    >>> views(torch.zeros(5, 1, 2)).shape
    torch.Size([5, 3, 2])
    """

    calls: Tensor

    def __init__(self, model: nn.Module, transforms: Sequence[Transform], samples: int = 8, seed: int = 0) -> None:
        super().__init__()
        if not transforms or samples < 1:
            raise InputError(f"views need transforms and samples, got {len(transforms)} and {samples}")
        self.model = model
        self.transforms = tuple(transforms)
        self.samples = samples
        self.seed = seed
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64), persistent=False)
        self.training = model.training  # attacks refuse a model in training mode: this module has no mode of its own

    def forward(self, inputs: Tensor) -> Tensor:
        draw = generator(self.seed, "views", int(self.calls))
        self.calls += 1
        seen = inputs.repeat_interleave(self.samples, dim=0)
        for transform in self.transforms:
            seen = transform(seen, draw)
        answers: Tensor = main_output(self.model(seen))
        return answers.view(len(inputs), self.samples, *answers.shape[1:])

    def extra_repr(self) -> str:
        return f"transforms={self.transforms}, samples={self.samples}, seed={self.seed}"


class Survive:
    """A goal that has to be met in most views.

    Source: Athalye et al. 2017, "Synthesizing robust adversarial examples", arXiv:1707.07397, section 2.1. Changed: the
    loss is ``-log mean exp(-loss)`` over the views where the paper takes their mean, so that the views that still
    resist count most; the mean of cross-entropies grows best in the views that are fooled already. For
    misclassification it is minus the logarithm of the mean probability of the truth.

    Args:
        goal: what each view is judged by.
        share: of the views in which it has to be met, at least, for a sample to count as fooled.

    Raises:
        InputError: a share outside (0, 1].

    >>> from burnish.attacks.goal import Misclassify
    >>> views = torch.tensor([[[2.0, 1.0], [0.0, 1.0]]])  # one sample, two views
    >>> [Survive(Misclassify(), share).fooled(views, torch.tensor([0])).item() for share in (0.5, 0.6)]
    [True, False]
    """

    def __init__(self, goal: Goal, share: float = 0.8) -> None:
        if not 0 < share <= 1:
            raise InputError(f"share must lie in (0, 1], got {share:g}: it is a part of the views")
        self.goal = goal
        self.share = share

    def check_labels(self, labels: Any, count: int) -> None:
        self.goal.check_labels(labels, count)

    def check(self, output: Any, labels: Tensor) -> None:
        if not isinstance(output, Tensor) or output.ndim < 3:
            raise InputError("this goal judges several views of a sample: wrap the model in Views")
        self.goal.check(*_single(output, labels))

    def loss(self, output: Tensor, labels: Tensor) -> Tensor:
        each = self.goal.loss(*_single(output, labels)).view(output.shape[:2])
        return math.log(output.shape[1]) - torch.logsumexp(-each, dim=1)

    def fooled(self, output: Tensor, labels: Tensor) -> Tensor:
        return self.fooled_share(output, labels) >= self.share

    def fooled_share(self, output: Tensor, labels: Tensor) -> Tensor:
        """Share of the views of each sample that meet the goal ``(N,)``."""
        return self.goal.fooled(*_single(output, labels)).view(output.shape[:2]).float().mean(dim=1)


def _single(output: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    return output.flatten(0, 1), labels.repeat_interleave(output.shape[1], dim=0)
