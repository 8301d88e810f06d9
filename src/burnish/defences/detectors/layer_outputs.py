"""What chosen layers of a model gave or received, taken down while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError, did_you_mean
from burnish.common.module_state import evaluating


@dataclass(frozen=True)
class Tap:
    """A place in a model: what ``layer`` receives or gives."""

    layer: str
    side: Literal["input", "output"] = "output"


def outputs_of(model: nn.Module, layers: Sequence[str]) -> tuple[Tap, ...]:
    """The outputs of layers by their names in ``model.named_modules()``.

    Raises:
        InputError: no names, or a name that the model does not have.

    >>> outputs_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), ["1"])
    (Tap(layer='1', side='output'),)
    """
    known = [name for name, _ in model.named_modules() if name]
    if not layers or isinstance(layers, str):
        raise InputError(f"layers must be a list of at least one name, got {layers!r}: leave it out for the last one")
    for name in layers:
        if name not in known:
            some = ", ".join(known[-4:])
            raise InputError(f"the model has no layer '{name}'{did_you_mean(name, known)}: its last ones are {some}")
    return tuple(Tap(name) for name in layers)


def last_activations(model: nn.Module, example: Tensor) -> tuple[Tap, ...]:
    """What the last linear layer that runs receives, or without one what the last ReLU gives.

    Args:
        model: any module.
        example: a batch that it runs on.

    Raises:
        InputError: neither a linear layer nor a ReLU runs.

    >>> last_activations(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)), torch.zeros(1, 2))
    (Tap(layer='2', side='input'),)
    """
    ran: list[Tap] = []
    with ExitStack() as stack:
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear | nn.ReLU):
                tap = Tap(name, "input" if isinstance(module, nn.Linear) else "output")
                handle = module.register_forward_hook(lambda *_, tap=tap: ran.append(tap))
                stack.callback(handle.remove)
        with evaluating(model):
            model(example)
    chosen = next((tap for side in ("input", "output") for tap in reversed(ran) if tap.side == side), None)
    if chosen is None:
        raise InputError("the model runs neither a linear layer nor a ReLU module: name the layers to watch")
    return (chosen,)


@contextmanager
def recorded(model: nn.Module, taps: Sequence[Tap]) -> Iterator[dict[Tap, Tensor]]:
    """Take down what passes the taps; of a layer that runs more than once, the last time.

    Raises:
        InputError: inside, when what passes a tap is no tensor.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with recorded(net, [Tap("1")]) as seen:
    ...     given = net(torch.ones(1, 2))
    >>> torch.equal(seen[Tap("1")], given)
    True
    """
    seen: dict[Tap, Tensor] = {}

    def keep(tap: Tap) -> Any:
        def hook(module: nn.Module, received: tuple[Any, ...], given: Any = None) -> None:
            value = given if tap.side == "output" else next(iter(received), None)
            if not isinstance(value, Tensor):
                raise InputError(f"the {tap.side} of layer '{tap.layer}' is no tensor but {type(value).__name__}")
            seen[tap] = value.clone()  # a ReLU behind it may work in place

        return hook

    with ExitStack() as stack:
        for tap in taps:
            module = model.get_submodule(tap.layer)
            register = module.register_forward_hook if tap.side == "output" else module.register_forward_pre_hook
            stack.callback(register(keep(tap)).remove)
        yield seen


def flattened(seen: dict[Tap, Tensor], taps: Sequence[Tap]) -> Tensor:
    """Everything that passed the taps, side by side ``(N, D)``.

    Raises:
        InputError: a layer did not run.
    """
    for tap in taps:
        if tap not in seen:
            raise InputError(f"layer '{tap.layer}' does not run when the model classifies: name another one")
    return torch.cat([seen[tap].flatten(1) for tap in taps], dim=1)
