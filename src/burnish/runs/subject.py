"""The run that a verb works on, opened so that everything is left as it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import nn

from burnish.common.device import resolve_device
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import preserved_rng
from burnish.runs import Run, load_run


@dataclass(frozen=True)
class Subject:
    """A run whose model is in evaluation mode on ``device``."""

    run: Run
    model: nn.Module
    device: torch.device


@contextmanager
def opened(
    run: Run | str | Path, model: nn.Module | None = None, *, trust: bool = False, device: str = "auto"
) -> Iterator[Subject]:
    """Open a run with its model ready to score.

    Random generators, the mode of every submodule and the model's device are afterwards as they were; a module that
    the user gave keeps the run's weights.

    Args:
        run: a run or its folder.
        model: the run's module, where it is the user's own.
        trust: follow the import path that the run recorded for a user's own module.
        device: in the words of the user.

    Raises:
        InputError: no such run, no weights, or no such device.
    """
    wanted = resolve_device(device)
    with ExitStack() as stack:
        stack.enter_context(preserved_rng())  # building a module draws weights before they are loaded
        if model is not None:
            stack.enter_context(preserved_mode(model))
        found = load_run(run, model, trust=trust)
        module = found.model
        stack.enter_context(preserved_mode(module, training=False))
        home = next((tensor.device for tensor in chain(module.parameters(), module.buffers())), wanted)
        if home != wanted:
            stack.callback(module.to, home)
            module.to(wanted)
        yield Subject(found, module, wanted)
