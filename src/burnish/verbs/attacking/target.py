"""What is attacked: a run, a module, or a function of which only the answers are known."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.device import resolve_device
from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode
from burnish.data import Data, load
from burnish.runs import Run
from burnish.runs.model_record import imported
from burnish.runs.subject import opened
from burnish.verbs.attack import Attack
from burnish.verbs.scoring.other_data import other_data, own_data


@dataclass(frozen=True)
class Target:
    """A model or a function in evaluation mode, and the data that it is attacked on.

    Args:
        name: what messages and files call it.
        answers: from a batch ``(N, *)`` to its answers; a module, or a function of the user's.
        data: what it is attacked on.
        device: where a module is.
        run: the run that it belongs to, if it does.
        other: name of the data, where they are not the run's own.
    """

    name: str
    answers: Callable[[Any], Any]
    data: Data
    device: torch.device
    run: Run | None = None
    other: str = ""

    @property
    def module(self) -> nn.Module | None:
        """The model, where gradients may be asked for."""
        return self.answers if isinstance(self.answers, nn.Module) else None


@contextmanager
def opened_target(options: Attack, subject: Any, data: Any, model: nn.Module | None) -> Iterator[Target]:
    """Open what is attacked; mode, device and generators are afterwards as they were.

    Args:
        options: of the verb.
        subject: a run, its folder, an import path, a module or a function.
        data: objects given from Python, instead of ``options.data``.
        model: the run's module, where it is the user's own.

    Raises:
        InputError: there is no such thing, or it comes without data that it needs.
    """
    given = data if data is not None else options.data
    if isinstance(subject, str | Path) and ":" in str(subject) and not Path(subject).exists():
        subject = _answering(str(subject))
    if isinstance(subject, str | Path | Run):
        with opened(subject, model, trust=options.trust, device=options.device) as found:
            held = own_data(found.run) if given is None else other_data(found.run, given)
            other = "" if given is None else _other_name(found.run, held)
            yield Target(found.run.path.name, found.model, held, found.device, found.run, other)
        return
    if given is None:
        raise InputError(f"{options.subject} is no run, so it brings no data: give some with --data NAME or PATH")
    name = getattr(subject, "__qualname__", type(subject).__name__)
    device = resolve_device(options.device)
    held = load(given, seed=options.seed)
    with ExitStack() as stack:
        if isinstance(subject, nn.Module):
            stack.enter_context(preserved_mode(subject, training=False))
            home = next((t.device for t in itertools.chain(subject.parameters(), subject.buffers())), device)
            if home != device:
                stack.callback(subject.to, home)
                subject.to(device)
        yield Target(name, subject, held, device)


def _answering(path: str) -> Callable[[Any], Any]:
    """A module or a function by its import path; a class of modules is called without arguments."""
    found = imported(path)
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:  # the user's own code
            raise InputError(
                f"calling {path}() failed with {type(error).__name__}: {error}; pass the object from Python instead"
            ) from error
    if not callable(found):
        raise InputError(f"{path} is a {type(found).__name__}, expected an nn.Module or a function that predicts")
    answering: Callable[[Any], Any] = found
    return answering


def _other_name(run: Run, data: Data) -> str:
    """Keeps what was found on other data apart from what was found on the run's own."""
    record = run.config["data"]
    own = data.origin == record.get("origin") and data.name == record["name"]
    return "" if own else re.sub(r"[^\w.-]+", "-", data.name).strip("-.") or "other"
