"""What an attack refuses before it spends anything: one line that says what is wrong and what to do."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError

Bounds = tuple[float | Tensor, float | Tensor]


def check_mode(model: nn.Module) -> None:
    """Refuse a model of which any part is in training mode, where dropout and BatchNorm blur what is measured.

    Raises:
        InputError: it names the first such part.
    """
    for name, module in model.named_modules():
        if module.training:
            what = f"its '{name}' ({type(module).__name__})" if name else "the model"
            raise InputError(
                f"{what} is in training mode: call .eval() first, or pass training=True to attack it as it is"
            )


def check_inputs(inputs: Tensor, bounds: Bounds) -> None:
    """Refuse inputs that are no float batch, or lie outside the bounds.

    Raises:
        InputError: it says which, and what to do.
    """
    if not isinstance(inputs, Tensor):
        raise InputError(f"an attack takes a tensor of inputs (N, *), got {type(inputs).__name__}")
    if not inputs.is_floating_point():
        hint = "divide by 255" if inputs.dtype == torch.uint8 else "convert them"
        raise InputError(f"inputs must be floats within the model's bounds, got {inputs.dtype}: {hint} first")
    if inputs.ndim < 2 or len(inputs) == 0:
        raise InputError(f"inputs must be a batch (N, *) of at least one sample, got {tuple(inputs.shape)}")
    low, high = (torch.as_tensor(bound, dtype=inputs.dtype, device=inputs.device) for bound in bounds)
    try:
        outside = (inputs < low) | (inputs > high)
    except RuntimeError:
        raise InputError(
            f"bounds of shapes {tuple(low.shape)} and {tuple(high.shape)} do not fit inputs of {tuple(inputs.shape)}"
        ) from None
    if bool(outside.any()):
        least, most = inputs.min().item(), inputs.max().item()
        within = f"[{bounds[0]:g}, {bounds[1]:g}]" if not any(isinstance(b, Tensor) for b in bounds) else "their bounds"
        hint = "divide by 255" if most > 2 else "the normalisation belongs into the model (burnish.models.WithInput)"
        raise InputError(f"inputs must lie within {within}, got {least:.4g} to {most:.4g}: {hint}, or pass bounds=")


def check_labels(labels: Tensor, count: int, what: str = "labels") -> None:
    """Refuse labels that are not one class number a sample.

    Raises:
        InputError: it says what came, one-hot rows for example.
    """
    if not isinstance(labels, Tensor):
        raise InputError(f"{what} must be a tensor ({count},) of class numbers, got {type(labels).__name__}")
    if labels.ndim == 2 and len(labels) == count and labels.shape[1] > 1:
        raise InputError(
            f"{what} must be class numbers ({count},), got {tuple(labels.shape)}: "
            f"they look one-hot, pass {what}.argmax(dim=1)"
        )
    if labels.shape != (count,):
        raise InputError(f"{what} must be class numbers ({count},), one a sample, got shape {tuple(labels.shape)}")
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise InputError(f"{what} must be whole class numbers, got {labels.dtype}: pass {what}.long()")


def check_eps(eps: float | Tensor, bounds: Bounds, norm: str, shape: tuple[int, ...]) -> None:
    """Refuse a radius that is negative, no number, or larger than the whole space.

    Raises:
        InputError: a radius in units of 0 to 255 is asked back.
    """
    numbers = torch.as_tensor(eps, dtype=torch.float64)
    if numbers.ndim > 1 or (numbers.ndim == 1 and len(numbers) != shape[0]):
        raise InputError(f"eps must be one number, or one a sample ({shape[0]},), got shape {tuple(numbers.shape)}")
    if not bool((numbers >= 0).all()):
        raise InputError(f"eps must be 0 or more, got {numbers.min().item():g}")
    low, high = (torch.as_tensor(bound, dtype=torch.float64) for bound in bounds)
    width = (high - low).cpu()
    reach = width.abs().max().item()
    if norm != "linf":
        count = math.prod(shape[1:])
        reach *= math.sqrt(count) if norm == "l2" else count
    largest = numbers.max().item()
    if largest > reach * (1 + 1e-9) and math.isfinite(reach):
        hint = f": if it is in units of 0 to 255, write {largest:g}/255" if largest <= 255 * reach else ""
        raise InputError(f"eps {largest:g} ({norm}) is larger than the whole space, {reach:g}{hint}")


def check_logits(output: Any, labels: Tensor) -> None:
    """Refuse an output that is not one finite logit a class.

    Raises:
        InputError: its shape is another, it looks like probabilities, or a label has no logit.
    """
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(labels) or output.shape[1] < 2:
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise InputError(f"an attack on a classifier needs logits ({len(labels)}, classes), the model gave {shape}")
    if not bool(output.isfinite().all()):
        raise InputError("the model's output holds NaN or infinity before any attack: check its weights and inputs")
    if int(labels.min()) < 0 or int(labels.max()) >= output.shape[1]:
        raise InputError(
            f"labels must lie in 0 to {output.shape[1] - 1}, as the model has {output.shape[1]} outputs; "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    if are_probabilities(output):
        raise InputError(
            "the model gives probabilities, where attacks need logits: leave out its softmax, or pass "
            "outputs='probabilities' to attack their logarithm"
        )


def are_probabilities(output: Tensor) -> bool:
    """Whether every row is non-negative and sums to 1.

    >>> are_probabilities(torch.tensor([[0.2, 0.8]])), are_probabilities(torch.tensor([[-1.0, 2.0]]))
    (True, False)
    """
    return bool((output >= 0).all()) and bool(((output.sum(dim=1) - 1).abs() < 1e-3).all())
