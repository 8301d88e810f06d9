"""Named models: a decorator that registers a builder, and the functions that find and call it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from torch import Tensor, nn

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.models.option_values import fit_option
from burnish.models.published import Published

if TYPE_CHECKING:
    from burnish.models.weights.weights import Weights

BuilderT = TypeVar("BuilderT", bound=Callable[..., nn.Module])
_SHARED = ("num_classes", "in_channels", "input_size")
_entries: dict[str, ModelEntry] = {}


@dataclass(frozen=True)
class ModelEntry:
    """What the registry knows about a model.

    Attributes:
        name: its name, with ``-`` between words.
        kinds: kinds of data it takes (:data:`burnish.data.schema.Kind`).
        builder: called with ``num_classes``, ``in_channels``, ``input_size`` and its own options.
        paper: where it comes from.
        task: the task that trains it, where the data's usual one does not.
        native_size: side of the square images it was published for; also the size where none is given.
        summary: one line for lists.
        published: weights that others have trained, the best known first.
    """

    name: str
    kinds: tuple[str, ...]
    builder: Callable[..., nn.Module]
    paper: str
    task: str | None = None
    native_size: int | None = None
    summary: str = ""
    published: tuple[Published, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """The builder's own options and their defaults."""
        signature = inspect.signature(self.builder)
        return {name: p.default for name, p in signature.parameters.items() if name not in _SHARED}


def canonical(name: str) -> str:
    """The one spelling of a model name.

    >>> canonical("Char_LSTM")
    'char-lstm'
    """
    return name.strip().lower().replace("_", "-")


def register(
    name: str,
    *,
    kinds: tuple[str, ...],
    paper: str,
    task: str | None = None,
    native_size: int | None = None,
    summary: str = "",
    published: tuple[Published, ...] = (),
) -> Callable[[BuilderT], BuilderT]:
    """Give a builder a name in the registry.

    The builder has the signature ``(num_classes, in_channels, input_size, **own_options)``; its own options are
    explicit parameters with defaults. For tables and points ``in_channels`` is the number of features; for text
    ``num_classes`` is the size of the vocabulary.

    Raises:
        InputError: another builder has the name already.
    """

    def decorate(builder: BuilderT) -> BuilderT:
        key = canonical(name)
        known = _entries.get(key)
        source = (builder.__module__, builder.__qualname__)
        if known is not None and (known.builder.__module__, known.builder.__qualname__) != source:
            raise InputError(
                f"the model name '{key}' is taken by {known.builder.__module__}: register under another name"
            )
        _entries[key] = ModelEntry(key, kinds, builder, paper, task, native_size, summary, published)
        return builder

    return decorate


@cache
def _discover() -> None:
    """Import every family: the modules in the folders beside this file."""
    package = importlib.import_module("burnish.models")
    for folder in pkgutil.iter_modules(package.__path__, "burnish.models."):
        if folder.ispkg:
            for family in pkgutil.iter_modules(importlib.import_module(folder.name).__path__, f"{folder.name}."):
                importlib.import_module(family.name)


def names(pattern: str = "*") -> list[str]:
    """Names of the registered models that match a shell pattern, sorted.

    >>> names("resnet2*")
    ['resnet20']
    """
    _discover()
    return sorted(name for name in _entries if fnmatchcase(name, canonical(pattern)))


def entry(name: str) -> ModelEntry:
    """What the registry knows about a model.

    Raises:
        InputError: no model has this name.

    >>> entry("resnet20").kinds
    ('image',)
    """
    _discover()
    found = _entries.get(canonical(name))
    if found is None:
        raise unknown("model", canonical(name), _entries)
    return found


def _pair(input_size: Any, native: int | None) -> tuple[int, int] | None:
    if input_size is None:
        return None if native is None else (native, native)
    sides = (input_size, input_size) if isinstance(input_size, int) else tuple(input_size)
    if len(sides) != 2 or not all(isinstance(side, int) and side >= 1 for side in sides):
        raise InputError(f"input_size must be a positive int or a pair of them (height, width), got {input_size!r}")
    return sides


def create(
    name: str,
    num_classes: int | None = None,
    in_channels: int | None = None,
    input_size: int | tuple[int, int] | None = None,
    *,
    weights: str | Path | Mapping[str, Tensor] | Weights | None = None,
    **options: Any,
) -> nn.Module:
    """Build a named model, with fresh weights or with given ones.

    Args:
        name: one of :func:`names`; ``-`` and ``_`` are the same.
        num_classes: width of the last layer; the size of the vocabulary for text. By default that of the weights, and
            10 without them. Where it is not that of the weights the last layer stays fresh.
        in_channels: channels of an image; features of a table row or point. By default those of the weights, and 3
            without them.
        input_size: height and width of an image, or one number for both; by default the model's native size.
        weights: what :func:`burnish.models.load_weights_` takes: ``torchvision:NAME``, ``timm:NAME.TAG``, a file, a
            state dict.
        options: the model's own options (``entry(name).options`` lists them).

    Raises:
        InputError: unknown name or option, a number out of range, or weights that cannot be had or do not fit.

    >>> create("lenet5", num_classes=10, in_channels=1).fc3
    Linear(in_features=84, out_features=10, bias=True)
    """
    found = entry(name)
    for argument, value in (("num_classes", num_classes), ("in_channels", in_channels)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise InputError(f"{argument} must be a positive whole number, got {value!r}")
    known = found.options
    annotations = get_type_hints(found.builder)
    for option, value in options.items():
        if option not in known:
            expected = ", ".join(sorted(known)) or "none: this model has no options"
            raise InputError(
                f"{found.name} has no option '{option}'{did_you_mean(option, known)}: expected one of {expected}"
            )
        options[option] = fit_option(f"{option} of {found.name}", value, annotations.get(option, Any))
    size = _pair(input_size, found.native_size)

    def build(num_classes: int, in_channels: int) -> nn.Module:
        return found.builder(num_classes, in_channels, size, **options)

    if weights is None:
        return build(num_classes or 10, in_channels or 3)
    from burnish.models.weights.loading import load_weights_, own_widths
    from burnish.models.weights.weights import Weights

    opened = weights if isinstance(weights, Weights) else Weights(weights, found)
    if num_classes is None or in_channels is None:
        classes, channels = own_widths(build, opened)
        num_classes, in_channels = num_classes or classes, in_channels or channels
    model = build(num_classes, in_channels)
    load_weights_(model, opened)
    return model
