"""Ctrl-C stops after the current step; a second one stops at once."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from burnish.training.observers.observer import Stateless

if TYPE_CHECKING:
    from burnish.training.engine import Engine
    from burnish.training.events import Subscription

REASON = "interrupted"
SECONDS_BETWEEN_QUESTIONS = 2.0
MOST_STEPS_BETWEEN_QUESTIONS = 1000


class Interrupt(Stateless):
    """Turn the first SIGINT or SIGTERM into a request to stop after the current step.

    A signal reaches several ranks at different steps, so they ask each other: about every two seconds, at a step that
    they work out from the pace of the slowest, and after every epoch. Any that was asked to stop stops all, there.
    """

    name = "interrupt"

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._signalled = False
        self._asked_at = (0, 0.0)
        self._question: Subscription | None = None

    def subscribe(self, engine: Engine) -> None:
        if engine.world.size > 1:
            engine.events.on("start", self._start_clock)
            self._question = engine.events.on("step", self._ask_and_plan, every=1)
            engine.events.on("epoch", self._ask_once)

        if threading.current_thread() is threading.main_thread():  # Python delivers signals to it alone
            engine.events.on("start", self._listen)
            engine.events.on("close", lambda _engine: self.release())

    def _listen(self, engine: Engine) -> None:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self.release()
            self._signalled = True
            if engine.world.size == 1:
                engine.stop_requested = REASON

        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, stop)

    def _start_clock(self, engine: Engine) -> None:
        self._asked_at = (engine.step, time.monotonic())

    def _ask(self, engine: Engine) -> float:
        """Stop if any rank was told to; returns the seconds a step that the slowest rank has taken lately."""
        step, clock = self._asked_at
        pace = (time.monotonic() - clock) / max(engine.step - step, 1)
        largest = torch.tensor([float(self._signalled), pace], dtype=torch.float64)
        dist.all_reduce(largest, op=dist.ReduceOp.MAX)
        if largest[0] > 0 and engine.stop_requested is None:
            engine.stop_requested = REASON
        self._start_clock(engine)
        return largest[1].item()

    def _ask_once(self, engine: Engine) -> None:
        self._ask(engine)

    def _ask_and_plan(self, engine: Engine) -> None:
        steps = int(SECONDS_BETWEEN_QUESTIONS / max(self._ask(engine), 1e-9))
        if self._question is not None:
            self._question.due_step = engine.step + max(1, min(steps, MOST_STEPS_BETWEEN_QUESTIONS))

    def release(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
