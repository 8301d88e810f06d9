"""One perturbation for many images."""

from __future__ import annotations

import itertools
import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.attacks.checks import check_eps, check_inputs, check_labels, check_logits, check_mode
from burnish.attacks.goal import logarithms
from burnish.attacks.norms import check_norm, project, size, steepest
from burnish.attacks.white_box.universal_result import UniversalResult
from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.common.module_state import untouched
from burnish.common.seeding import generator
from burnish.models.auxiliary import main_output


@dataclass(frozen=True, eq=False)
class Universal:
    """Find one perturbation that changes the answer for most images, those it has never seen included.

    Source: the problem is that of Moosavi-Dezfooli et al. 2016, "Universal adversarial perturbations",
    arXiv:1610.08401, eq. 1. It is solved as in Shafahi et al. 2018, "Universal adversarial training",
    arXiv:1811.11304, algorithm 1: steps over mini-batches on a cross-entropy that is clipped, so that no single image
    takes all the effort. Changed: steps are steepest ones and shrink to a tenth; the best pass counts. Nothing about
    the model is changed by a call.

    Args:
        model: any module from images within ``bounds`` to logits ``(N, classes)``.
        eps: largest perturbation.
        norm: ``linf`` or ``l2``.
        bounds: smallest and largest value of an input; perturbed images are clipped to them.
        epochs: passes over the images, at most.
        until: share of the images that has to be fooled; reached, the work ends.
        step_size: length of the first step, in the units of eps. Default: ``eps / 2``.
        clip: largest cross-entropy of an image that still counts.
        held_out: share of the images that are kept apart to measure on, drawn by the seed.
        outputs: what the model gives; of ``probabilities`` the logarithm is attacked.
        training: attack a model in training mode as it is, instead of refusing it.
        batch_size: images of a step.
        seed: of the order of the images and of what is held out.

    Raises:
        InputError: an option that cannot be.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False)).eval()
    >>> found = Universal(model, eps=0.5, bounds=(-1.0, 1.0))(torch.rand(64, 1, 2, 2) - 0.5)
    >>> bool(found.perturbation.abs().max() <= 0.5), found.held_out.count
    (True, 16)
    """

    name: ClassVar[str] = "universal"

    model: nn.Module
    _: KW_ONLY
    eps: float
    norm: Literal["linf", "l2"] = "linf"
    bounds: tuple[float, float] = (0.0, 1.0)
    epochs: int = 10
    until: float = 1.0
    step_size: float | None = None
    clip: float = 9.0
    held_out: float = 0.25
    outputs: Literal["logits", "probabilities"] = "logits"
    training: bool = False
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        check_norm(self.norm)
        if self.norm not in ("linf", "l2"):
            raise InputError(f"universal works in linf and l2, not in {self.norm}")
        step = self.step_size if self.step_size is not None else self.eps
        for what, number in (("eps", self.eps), ("step_size", step), ("clip", self.clip)):
            if number <= 0:
                raise InputError(f"{what} must be positive, got {number:g}")
        if self.epochs < 1 or self.batch_size < 1:
            raise InputError(f"epochs and batch_size must be at least 1, got {self.epochs} and {self.batch_size}")
        if not 0 < self.until <= 1 or not 0 <= self.held_out < 1:
            raise InputError(
                f"until must lie in (0, 1] and held_out in [0, 1), got {self.until:g} and {self.held_out:g}: "
                "both are shares of the images"
            )

    def __call__(self, inputs: Tensor, labels: Tensor | None = None) -> UniversalResult:
        """Find the perturbation.

        Args:
            inputs: images ``(N, *)`` within the bounds.
            labels: what each is to be no longer taken for ``(N,)``; by default the model's own answers. Images that
                the model takes for another class already are left out.

        Returns:
            The perturbation, and how many it fools among the images that it was made on and those held out.

        Raises:
            InputError: inputs, labels or the model's outputs cannot be used, or no image is left.
        """
        check_inputs(inputs, self.bounds)
        check_eps(self.eps, self.bounds, self.norm, tuple(inputs.shape))
        if labels is not None:
            check_labels(labels, len(inputs))
        if not self.training:
            check_mode(self.model)
        device = next(itertools.chain(self.model.parameters(), self.model.buffers()), inputs).device
        with torch.inference_mode(False), torch.no_grad(), untouched(self.model):
            images = inputs.to(device, copy=True)
            clean = self._logits(images, torch.zeros_like(images[0]))
            wanted = clean.argmax(dim=1) if labels is None else labels.to(device, copy=True)
            check_logits(clean, wanted)
            right = (clean.argmax(dim=1) == wanted).nonzero().flatten()
            order = right[torch.randperm(len(right), generator=generator(self.seed, "held out")).to(device)]
            held, used = order.tensor_split([round(len(order) * self.held_out)])
            if not len(used):
                raise InputError(
                    f"{len(right)} of {len(inputs)} images are classified as their labels say, and none is left to "
                    "work on: check the labels, or give more images"
                )
            delta, fooled, epochs = self._found(images[used], wanted[used])
            return UniversalResult(
                perturbation=delta.to(inputs.device),
                norm=self.norm,
                distance=size(delta[None], self.norm).item(),
                made_on=proportion(fooled, len(used)),
                held_out=proportion(self._fooled(images[held], wanted[held], delta), len(held)),
                held_out_rows=held.sort().values.to(inputs.device),
                epochs=epochs,
                gradients=epochs * len(used),
                bounds=self.bounds,
            )

    def _found(self, images: Tensor, labels: Tensor) -> tuple[Tensor, int, int]:
        """The best perturbation, how many images it fools, and after how many passes over them the work ended."""
        delta = best = torch.zeros_like(images[0])
        most, done, epoch = -1, 0, 0
        steps = self.epochs * math.ceil(len(images) / self.batch_size)
        first = self.step_size if self.step_size is not None else self.eps / 2
        radius = delta.new_tensor([self.eps]) * (1 - 4 * torch.finfo(delta.dtype).eps)  # eps itself would round up
        while epoch < self.epochs and most < self.until * len(images):
            order = torch.randperm(len(images), generator=generator(self.seed, "order", epoch)).to(images.device)
            for part in order.split(self.batch_size):
                gradient = self._gradient(images[part], labels[part], delta)
                length = first * (1 - 0.9 * done / steps)
                delta = project((delta + length * steepest(gradient[None], self.norm)), radius, self.norm)[0]
                done += 1
            fooled = self._fooled(images, labels, delta)
            if fooled > most:
                best, most = delta, fooled
            epoch += 1
        return best, most, epoch

    def _gradient(self, images: Tensor, labels: Tensor, delta: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = delta.detach().requires_grad_(True)
            loss = F.cross_entropy(self._answer(images, leaf), labels, reduction="none").clamp(max=self.clip)
            (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        return gradient

    def _answer(self, images: Tensor, delta: Tensor) -> Tensor:
        output = self.model((images + delta).clamp(*self.bounds))
        logits: Tensor = logarithms(output) if self.outputs == "probabilities" else main_output(output)
        return logits

    def _logits(self, images: Tensor, delta: Tensor) -> Tensor:
        return torch.cat([self._answer(part, delta) for part in images.split(256)])

    def _fooled(self, images: Tensor, labels: Tensor, delta: Tensor) -> int:
        return int((self._logits(images, delta).argmax(dim=1) != labels).sum()) if len(images) else 0
