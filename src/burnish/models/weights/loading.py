"""Weights into a model, with a report of what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from difflib import SequenceMatcher
from pathlib import Path

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.layers.normalise import Normalise
from burnish.models.image_model import ImageModel
from burnish.models.registry import canonical, create, entry, names
from burnish.models.weights.channels import first_convolution
from burnish.models.weights.fitting import Fit, fit, heads
from burnish.models.weights.preparing import channel_statistics
from burnish.models.weights.report import LoadReport
from burnish.models.weights.weights import Weights
from burnish.models.with_input import WithInput

ENOUGH = 0.9
"""Share of the body that must fit, or the weights are taken for those of another architecture."""

_SECONDS = 3.0
"""Time that looking for the right architecture may take."""


def load_weights_(module: nn.Module, weights: str | Path | Mapping[str, Tensor] | Weights) -> LoadReport:
    """Load weights into any module, as far as they fit.

    Names of wrappers around the state dict are taken off, another published layout is translated, the first convolution
    is adapted to other channels (:func:`burnish.models.weights.channels.for_channels`), and a head for other classes
    stays fresh. Afterwards ``module.weights_report`` is the report, and ``module.preparation`` says how images must be
    prepared, where the weights say it; behind an input layer that normalises, that layer takes their statistics.

    Args:
        module: changed in place. Tensors that the weights do not fit stay as they are.
        weights: ``torchvision:NAME``, ``timm:NAME.TAG``, the path of a file or a run, or a state dict.

    Returns:
        What was loaded and what was not.

    Raises:
        InputError: the weights cannot be had or read, or they are those of another architecture: less than nine tenths
            of the body fit. The module is then as it was.

    >>> first, second = nn.Linear(2, 3), nn.Linear(2, 3)
    >>> print(load_weights_(second, first.state_dict()))
    2 tensors, 100.0 % of the model, come from the given state dict
    """
    opened = weights if isinstance(weights, Weights) else Weights(weights)
    target = module.model if isinstance(module, WithInput) else module
    target = getattr(target, "_orig_mod", target)  # what torch.compile wraps
    if any(tensor.is_meta for tensor in target.state_dict().values() if isinstance(tensor, Tensor)):
        raise InputError(f"{type(target).__name__} is on the meta device, where weights have no place: build it on cpu")
    found = fit(target, opened.state)
    if found.body < ENOUGH:
        raise _too_little(target, opened, found)
    target.load_state_dict(found.taken, strict=False)
    report = LoadReport(
        opened.source,
        tuple(found.taken),
        found.missing,
        found.unexpected,
        found.mismatched,
        found.adapted,
        found.share,
        opened.sha256,
        opened.licence,
    )
    known = {"weights_report": report, "preparation": opened.preparation}
    for name, value in known.items():
        setattr(target, name, value)
    if isinstance(module, WithInput) and isinstance(module.input, Normalise) and opened.preparation is not None:
        mean, std = channel_statistics(opened.preparation, len(module.input.mean))
        module.input.mean.copy_(mean)
        module.input.std.copy_(std)
    return report


def own_widths(build: Callable[[int, int], nn.Module], weights: Weights) -> tuple[int, int]:
    """The numbers of classes and of input channels that weights were trained with.

    Args:
        build: gives the model they are for, from a number of classes and one of channels.
        weights: not yet loaded.

    Raises:
        InputError: they are those of another architecture, or have no classifying layer.
    """
    with preserved_rng(), torch.device("meta"):
        model = build(1000, 3)
    found = fit(model, weights.state)
    if found.body < ENOUGH:
        raise _too_little(model, weights, found)
    head = model.head_names[0] if isinstance(model, ImageModel) else "".join(heads(model))
    last = found.state.get(f"{head}.weight")
    if last is None:
        raise InputError(f"{weights.source} has no classifying layer: give num_classes")
    first = found.state.get(f"{first_convolution(model)}.weight")
    return last.shape[0], 3 if first is None else first.shape[1]


def _too_little(model: nn.Module, weights: Weights, found: Fit) -> InputError:
    right = recognise(weights)
    advice = (
        f"they are those of {right}"
        if right
        else "give the model that they were trained with, and its options where they change its shape"
    )
    wanted = weights.wanted_by or type(model).__name__
    return InputError(
        f"{weights.source} holds weights for another architecture than {wanted}: only "
        f"{len(found.taken)} of its {len(found.state)} tensors ({100 * found.body:.0f} % of the body) fit; {advice}"
    )


def recognise(weights: Weights) -> str | None:
    """The named image model that weights belong to; None where none is found in a few seconds.

    Models whose names are like that of the source are tried first.
    """
    text = canonical(Path(weights.source).stem if weights.source.endswith((".pth", ".pt", ".th")) else weights.source)
    likely = sorted(names(), key=lambda name: -SequenceMatcher(None, name, text.partition(":")[2] or text).ratio())
    until = time.monotonic() + _SECONDS
    for name in likely:
        if "image" not in entry(name).kinds or time.monotonic() > until:
            continue
        with preserved_rng(), torch.device("meta"), suppress(InputError):
            if fit(create(name, 1000, 3), weights.state).body > 0.99:
                return name
    return None
