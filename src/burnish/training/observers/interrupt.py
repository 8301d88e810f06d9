"""Ctrl-C stops after the current step; a second one stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from burnish.training.observers.observer import Stateless

if TYPE_CHECKING:
    from burnish.training.engine import Engine

REASON = "interrupted"


class Interrupt(Stateless):
    """Turn the first SIGINT or SIGTERM into a request to stop after the current step."""

    name = "interrupt"

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}

    def subscribe(self, engine: Engine) -> None:
        def stop(number: int, _frame: FrameType | None) -> None:
            self.release()
            engine.stop_requested = REASON

        if threading.current_thread() is not threading.main_thread():
            return  # Python delivers signals to the main thread alone
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, stop)
        engine.events.on("end", lambda _engine: self.release())

    def release(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
