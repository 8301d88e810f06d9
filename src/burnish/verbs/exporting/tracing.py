"""From a module to a program without Python: ``torch.export`` with any number of samples."""

from __future__ import annotations

import builtins
import logging
import re
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from burnish.common.errors import InputError

_SHAPES = "torch.fx.experimental.symbolic_shapes"
_TORCH = Path(torch.__file__).parent


def traced(module: nn.Module, inputs: Tensor, batch: int | Literal["dynamic"] = "dynamic") -> ExportedProgram:
    """Follow a forward in evaluation mode and keep its operators.

    Args:
        module: in evaluation mode; takes one tensor.
        inputs: samples ``(count, *shape)``, of which only shape, type and device matter: a program keeps its example,
            and nobody's data shall travel in it.
        batch: samples that the program takes, or ``dynamic`` for any number.

    Raises:
        InputError: the forward cannot be followed, or ties the number of samples down; the line is named.

    >>> program = traced(nn.Linear(3, 1).eval(), torch.zeros(2, 3))
    >>> program.module()(torch.zeros(5, 3)).shape
    torch.Size([5, 1])
    """
    count = 2 if batch == "dynamic" else batch
    example = inputs.new_zeros(count, *inputs.shape[1:])
    shapes = ({0: Dim("batch", min=1)},) if batch == "dynamic" else None
    ties: list[str] = []
    try:
        with torch.no_grad(), _sizes_from_len(), _noting_ties(ties), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's exporter warns about itself
            return torch.export.export(module, (example,), dynamic_shapes=shapes)
    except Exception as error:
        name = type(module).__name__
        if ties:
            raise InputError(f"{name} ties the number of samples to {count} at {ties[0]}: give --batch 1") from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{name} cannot be exported{_line_of(error)}: {reason}") from error


@contextmanager
def _sizes_from_len() -> Iterator[None]:
    """Let ``len(tensor)`` be the symbol that ``tensor.shape[0]`` is; otherwise it would fix the number of samples."""
    own = builtins.len

    def length(thing: Any) -> Any:
        return thing.shape[0] if isinstance(thing, Tensor) and thing.ndim else own(thing)

    builtins.len = length
    try:
        yield
    finally:
        builtins.len = own


@contextmanager
def _noting_ties(ties: list[str]) -> Iterator[None]:
    """Collect the places where the number of samples became a constant; torch tells them to its log alone."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.search(r"eval Eq\(s\d+, \d+\) \[guard added\] \(([^()]+:\d+) in \w+\)", record.getMessage())
            if found:
                ties.append(found[1])

    logger, listener = logging.getLogger(_SHAPES), Listener()
    before = logger.level, logger.propagate, logger.disabled
    handlers = logger.handlers[:]
    logger.handlers = [listener]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.handlers = handlers
        logger.setLevel(before[0])
        logger.propagate, logger.disabled = before[1:]


def _line_of(error: BaseException) -> str:
    """The last line that is not torch's own."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not Path(frame.filename).is_relative_to(_TORCH) and frame.filename != __file__
    ]
    return f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
