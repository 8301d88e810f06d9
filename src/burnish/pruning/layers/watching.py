"""Run a model once, and note of every module with weights what goes in, what comes out, and by which way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating, untouched
from burnish.common.seeding import generator
from burnish.models.count import call_arguments


@dataclass
class Seen:
    """What one module did in a forward.

    Attributes:
        module: which.
        calls: how often it ran.
        reason: why it cannot be replaced by its input; None where shapes allow it.
        shape: of its input, where it took a tensor.
        shortcut: whether its output depends on its input when its matrices are zero.
        is_last: whether the last of all layers with a matrix is in it.
    """

    module: nn.Module
    calls: int = 0
    reason: str | None = "did not run on the example"
    shape: tuple[int, ...] = ()
    shortcut: bool = False
    is_last: bool = False


def watch(model: nn.Module, example: Any) -> dict[str, Seen]:
    """What every module that holds a matrix does while the model runs on the example, in the order of definition.

    The model runs in evaluation mode, and is left as it was. Activations and normalisations hold no matrix.

    Raises:
        InputError: the model is on the meta device or compiled, or its forward fails.
    """
    seen = {name: Seen(module) for name, module in model.named_modules() if _holds_matrix(module)}
    order: list[str] = []
    probing = False

    def note(name: str) -> Any:
        def after(module: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any], output: Any) -> None:
            nonlocal probing
            if probing:
                return
            record = seen[name]
            record.calls += 1
            record.reason, record.shape = _reason(record.calls, args, output)
            order.append(name)
            if record.reason is None and name and not _is_plain(module):
                probing = True
                try:
                    record.shortcut = _has_shortcut(module, args, keywords)
                finally:
                    probing = False

        return after

    handles = [
        record.module.register_forward_hook(note(name), with_kwargs=True)
        for name, record in seen.items()
        if not isinstance(record.module, torch.jit.ScriptModule)
    ]
    try:
        run(model, example)
    finally:
        for handle in handles:
            handle.remove()
    last = next((name for name in reversed(order) if next(seen[name].module.children(), None) is None), None)
    for name, record in seen.items():
        record.is_last = last is not None and f"{last}.".startswith(f"{name}." if name else "")
        if isinstance(record.module, torch.jit.ScriptModule):
            record.reason = "is compiled to TorchScript, which cannot be looked into"
    return seen


def run(model: nn.Module, example: Any) -> Any:
    """What the model gives for the example in evaluation mode; it is left as it was.

    Raises:
        InputError: the model is on the meta device or compiled, or its forward fails.
    """
    if any(parameter.is_meta for parameter in model.parameters()):
        raise InputError("a model on the meta device computes nothing: build it on a real device to cut blocks out")
    if any(hasattr(module, "_orig_mod") for module in model.modules()):
        raise InputError("the model is compiled, which hides its blocks: cut first, and call torch.compile afterwards")
    arguments, keywords = call_arguments(model, example)
    with untouched(model), evaluating(model):
        try:
            return model(*arguments, **keywords)
        except Exception as error:
            raise InputError(f"{type(model).__name__} cannot run on the example: {error}") from error


@contextmanager
def holding_still(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; everything as before afterwards, generators included."""
    with untouched(model), evaluating(model):
        yield


def _holds_matrix(module: nn.Module) -> bool:
    return any(parameter.ndim >= 2 for parameter in module.parameters())


def _is_plain(module: nn.Module) -> bool:
    """Whether a module is one layer of torch, whose weights nothing goes around."""
    return next(module.children(), None) is None and type(module).__module__.startswith("torch.nn.")


def _reason(calls: int, args: tuple[Any, ...], output: Any) -> tuple[str | None, tuple[int, ...]]:
    received = args[0] if args else None
    if not isinstance(received, Tensor):
        return "takes no tensor as its first argument", ()
    shape = tuple(received.shape)
    if calls > 1:
        return f"runs {calls} times in one forward", shape
    if not isinstance(output, Tensor):
        return f"returns a {type(output).__name__}", shape
    if output.shape != received.shape:
        return f"turns {_by(received)} into {_by(output)}", shape
    if output.dtype != received.dtype or not output.is_floating_point():
        kinds = [str(tensor.dtype).removeprefix("torch.") for tensor in (received, output)]
        return f"turns {kinds[0]} into {kinds[1]}", shape
    return None, shape


def _has_shortcut(module: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether two inputs have different outputs although all matrices are zero.

    Zero matrices leave nothing of a branch that passes through one, whatever normalisation comes before or after. The
    inputs are drawn, since a constant one may look the same behind a normalisation.
    """
    zeros = {name: torch.zeros_like(value) for name, value in module.named_parameters() if value.ndim >= 2}
    draws = generator(0, "shortcut")
    found = []
    for _ in range(2):
        drawn = torch.randn(args[0].shape, generator=draws).to(args[0])
        try:
            found.append(torch.func.functional_call(module, zeros, (drawn, *args[1:]), keywords))
        except Exception:  # zero weights are more than it can take
            return False
    return bool(((found[0] != found[1]) & found[0].isfinite() & found[1].isfinite()).any())


def _by(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a scalar"
