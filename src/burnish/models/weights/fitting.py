"""Which tensors of a state dict go where in a model, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.image_model import ImageModel
from burnish.models.weights.channels import first_convolution, for_channels
from burnish.models.weights.reading import layouts
from burnish.models.weights.report import Difference


@dataclass(frozen=True)
class Fit:
    """How a state dict fits a model.

    Attributes:
        state: the whole state dict in the model's layout, as the file has it.
        taken: what the model can take, in its own shapes.
        missing: see :class:`burnish.models.weights.report.LoadReport`, as for the three that follow.
        unexpected: as there.
        mismatched: as there.
        adapted: as there.
        share: of the model's numbers, those that are taken.
        body: the same without the head, of the model's or the file's numbers, whichever are more: 1 where both are the
            same architecture, however many classes they tell apart.
    """

    state: dict[str, Tensor]
    taken: dict[str, Tensor]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[Difference, ...]
    adapted: tuple[Difference, ...]
    share: float
    body: float


def fit(model: nn.Module, state: Mapping[str, Tensor]) -> Fit:
    """How a state dict in any layout that the model knows fits it. Shapes decide, so the model may be on ``meta``."""
    fits = (_fit(model, _translated(model, names)) for names in layouts(state))
    return max(fits, key=lambda found: found.body)


def heads(model: nn.Module) -> tuple[str, ...]:
    """Names under which a model classifies; everything below them belongs to the number of classes, not to the body."""
    if isinstance(model, ImageModel):
        auxiliary = tuple(name.partition(".")[0] for name in model.head_names[1:])  # also of variants without them
        return (*list(model.stages().values())[-1], *auxiliary)
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return tuple(linear[-1:])


def _translated(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    if not isinstance(model, ImageModel):
        return state
    try:
        return model.translate(state)
    except (InputError, KeyError, IndexError, RuntimeError, ValueError):  # another architecture: the shapes will tell
        return state


def _fit(model: nn.Module, state: dict[str, Tensor]) -> Fit:
    own = {name: tensor for name, tensor in model.state_dict().items() if isinstance(tensor, Tensor)}
    fitted = _adapted(model, own, state)
    taken = {name: tensor for name, tensor in fitted.items() if name in own and tensor.shape == own[name].shape}
    head = heads(model)
    sizes = _numbers(own)
    body = max(_total(_body(sizes, head)), _total(_body(_numbers(fitted), head)))
    got = {name: size for name, size in sizes.items() if name in taken}
    return Fit(
        state,
        taken,
        missing=tuple(name for name in sizes if name not in fitted),
        unexpected=tuple(name for name in _numbers(fitted) if name not in own),
        mismatched=tuple(
            _difference(name, tensor, own[name]) for name, tensor in fitted.items() if name in own and name not in taken
        ),
        adapted=tuple(
            _difference(name, state[name], tensor)
            for name, tensor in taken.items()
            if name in state and state[name].shape != tensor.shape
        ),
        share=_total(got) / max(1, _total(sizes)),
        body=_total(_body(got, head)) / body if body else _total(got) / max(1, _total(sizes)),
    )


def _adapted(model: nn.Module, own: dict[str, Tensor], state: dict[str, Tensor]) -> dict[str, Tensor]:
    fit_state = getattr(model, "fit_state", None)  # a family's own rule: position embeddings of another grid
    if callable(fit_state):
        state = fit_state(state)
    name = f"{first_convolution(model)}.weight"
    if name in own and name in state and state[name].ndim == 4:
        theirs, ours = state[name].shape, own[name].shape
        if theirs[1] != ours[1] and (theirs[0], *theirs[2:]) == (ours[0], *ours[2:]):
            return state | {name: for_channels(state[name], ours[1])}
    return state


def _numbers(state: Mapping[str, Tensor]) -> dict[str, int]:
    """Size of each tensor of numbers; counters and tables of indices are no weights, and a fresh one is as good."""
    return {name: tensor.numel() for name, tensor in state.items() if tensor.is_floating_point()}


def _body(sizes: Mapping[str, int], head: Iterable[str]) -> dict[str, int]:
    head = tuple(head)
    return {
        name: size
        for name, size in sizes.items()
        if not any(name == part or name.startswith(f"{part}.") for part in head)
    }


def _total(sizes: Mapping[str, int]) -> int:
    return sum(sizes.values())


def _difference(name: str, there: Tensor, here: Tensor) -> Difference:
    return Difference(name, tuple(there.shape), tuple(here.shape))
