"""Test-time augmentation: the mean of a model's answers to exact views of its input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError, unknown

VIEWS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda images: images,
    "horizontal-flip": lambda images: images.flip(3),
    "vertical-flip": lambda images: images.flip(2),
    "rotate-90": lambda images: images.rot90(1, (2, 3)),
    "rotate-180": lambda images: images.rot90(2, (2, 3)),
    "rotate-270": lambda images: images.rot90(3, (2, 3)),
    "transpose": lambda images: images.transpose(2, 3),
}
"""Views that only move pixels, so that nothing is blended; turns are counter-clockwise."""


class TestTime(nn.Module):
    """A classifier or regressor that looks at each image several times.

    Source: Krizhevsky, Sutskever and Hinton 2012, section 4.1: probabilities are averaged over crops and mirrors. Each
    view is one more pass through the model.

    Args:
        model: answers images ``(batch, C, H, W)`` with one tensor ``(batch, outputs)``.
        views: names out of :data:`VIEWS`.
        outputs: ``"logits"``: outputs are logits of classes (one output: of a yes), and the answer is logits too, whose
            softmax is the mean of the views' probabilities; ``"values"``: numbers, whose mean is the answer.

    Shape:
        input: ``(batch, C, H, W)``; square where a view turns by 90 degrees and the model needs one size.
        output: as the model's.

    Raises:
        InputError: no view, one twice, or an unknown one.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    >>> TestTime(model, ("identity", "horizontal-flip"))(torch.rand(2, 1, 2, 2)).shape
    torch.Size([2, 3])
    """

    __test__ = False  # not a test, whatever its name says to pytest

    def __init__(
        self,
        model: nn.Module,
        views: Sequence[str] = ("identity", "horizontal-flip"),
        outputs: Literal["logits", "values"] = "logits",
    ) -> None:
        super().__init__()
        for view in views:
            if view not in VIEWS:
                raise unknown("view", view, VIEWS)
        if not views or len(set(views)) < len(views):
            raise InputError(f"views must be one or more, each once, got {', '.join(views) or 'none'}")
        if outputs not in ("logits", "values"):
            raise unknown("kind of outputs", outputs, ("logits", "values"))
        self.model = model
        self.views = tuple(views)
        self.outputs = outputs

    def forward(self, images: Tensor) -> Tensor:
        if images.ndim != 4:
            raise InputError(f"views are those of images (batch, C, H, W), got a tensor {tuple(images.shape)}")
        answers = [self.model(VIEWS[view](images)) for view in self.views]
        if not isinstance(answers[0], Tensor):
            raise InputError(f"the model must answer with one tensor to be averaged, got {type(answers[0]).__name__}")
        stacked = torch.stack(answers)
        if self.outputs == "values":
            return stacked.mean(dim=0)
        if stacked.shape[-1] == 1:
            yes, no = (_mean_of_logs(F.logsigmoid(sign * stacked)) for sign in (1, -1))
            return yes - no
        return _mean_of_logs(stacked.log_softmax(dim=-1))

    def extra_repr(self) -> str:
        return f"views={', '.join(self.views)}, outputs={self.outputs}"


def _mean_of_logs(logs: Tensor) -> Tensor:
    """Logarithm of the mean over the first dimension of what these are the logarithms of."""
    return logs.logsumexp(dim=0) - math.log(len(logs))
