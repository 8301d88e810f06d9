"""How long attacks may take, and how far they are."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from torch import Tensor, nn

from burnish.attacks.attack import Attack
from burnish.attacks.suites.suite import Suite
from burnish.common.module_state import untouched
from burnish.models.auxiliary import main_output
from burnish.reporting.formats import duration

_TRIED = 32


def most_seconds(suite: Suite, model: nn.Module, inputs: Tensor) -> float:
    """The time that a suite takes where no sample is fooled, from a measured forward pass and a measured gradient.

    Args:
        suite: what to run.
        model: what it attacks.
        inputs: all samples ``(N, *)``.
    """
    some = inputs[:_TRIED].to(next(model.parameters(), inputs).device)
    with torch.inference_mode(False), untouched(model):
        forward, gradient = (min(_seconds(model, some, slope) for _ in range(2)) for slope in (False, True))
    gradients, answers = (sum(work(attack)[kind] for attack in suite.attacks) for kind in (0, 1))
    return len(inputs) / len(some) * (gradients * gradient + answers * forward)


def work(attack: Attack) -> tuple[int, int]:
    """Gradients and further forward passes that an attack may spend on a sample.

    >>> from burnish.attacks import PGD
    >>> work(PGD(nn.Linear(2, 2), eps=0.1, steps=10, restarts=3))
    (30, 2)
    """
    answers = next((getattr(attack, name) for name in ("queries", "max_queries") if hasattr(attack, name)), None)
    if answers is not None:
        return 0, int(answers)
    turns = 1
    for name in ("steps", "restarts", "classes", "target_classes"):
        turns *= getattr(attack, name, None) or 1
    return turns, 2


def _seconds(model: nn.Module, inputs: Tensor, slope: bool) -> float:
    started = time.perf_counter()
    with torch.set_grad_enabled(slope):
        leaf = inputs.detach().clone().requires_grad_(slope)
        output = main_output(model(leaf))
        if slope and output.requires_grad:
            torch.autograd.grad(output.sum(), leaf, allow_unused=True)
    if inputs.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - started


class Progress:
    """Tells stderr which attack runs on how many samples; on a terminal also how often it has asked the model.

    Args:
        quiet: say nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._live = not quiet and sys.stderr.isatty()
        self._doing, self._calls, self._last = "", 0, 0.0

    def say(self, line: str) -> None:
        """One line."""
        if not self.quiet:
            print(f"{self._clear()}{line}", file=sys.stderr, flush=True)

    def start(self, name: str, count: int) -> None:
        """An attack begins."""
        self._doing, self._calls = name, 0
        self.say(f"{name} on {count:,} sample{'s' * (count != 1)}")

    def limit(self, seconds: float) -> None:
        """How long it may take, where that is worth saying."""
        if seconds > 5:
            self.say(f"at most about {duration(seconds)}, if every sample withstands")

    def watched(self, model: nn.Module) -> nn.Module:
        """The model, whose calls are counted on a terminal; elsewhere the model itself."""
        return _Counted(model, self) if self._live else model

    def called(self, count: int) -> None:
        """The model was asked about some samples."""
        self._calls += count
        if time.monotonic() - self._last > 0.25:
            self._last = time.monotonic()
            print(f"\r{self._doing}: {self._calls:,} answers\x1b[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Nothing more is told."""
        print(self._clear(), end="", file=sys.stderr, flush=True)

    def _clear(self) -> str:
        return "\r\x1b[K" if self._live else ""


class _Counted(nn.Module):
    def __init__(self, model: nn.Module, progress: Progress) -> None:
        super().__init__()
        self.model = model
        self.progress = progress
        self.training = model.training

    def forward(self, inputs: Tensor) -> Any:
        self.progress.called(len(inputs))
        return self.model(inputs)
