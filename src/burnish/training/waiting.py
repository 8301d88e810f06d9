"""How long training waited for its data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

_WORTH_A_LOOK = 1e-4


class Waiting:
    """Two looks at the clock a step: when a batch is asked for, and when it comes.

    A GPU works on while this process waits: there the time counts in which it had nothing left to do, which events on
    its own stream tell.

    Attributes:
        seconds: how long training waited, up to the last :meth:`settle`.
        of: how long it trained, waiting included.

    Args:
        device: where training runs.
        event: makes an event that has a time.

    >>> waiting = Waiting(torch.device("cpu"))
    >>> waiting.asked(); waiting.came()
    >>> waiting.settle(passed=1.0) < 0.01
    True
    """

    def __init__(self, device: torch.device, event: Callable[[], Any] | None = None) -> None:
        self.seconds = 0.0
        self.of = 0.0
        self._event = event or ((lambda: torch.cuda.Event(enable_timing=True)) if device.type == "cuda" else None)
        self._since = 0.0
        self._asked = 0.0
        self._last: Any = None
        self._gaps: list[tuple[float, Any, Any]] = []

    @property
    def share(self) -> float:
        """Part of the training time that was spent waiting, in [0, 1]."""
        return min(self.seconds / self.of, 1.0) if self.of > 0 else 0.0

    def asked(self) -> None:
        """A batch is asked for; the work on the last one is done, or queued."""
        if self._event is not None:
            self._last = self._event()
            self._last.record()
        self._asked = time.perf_counter()

    def came(self) -> None:
        """The batch is here."""
        passed = time.perf_counter() - self._asked
        if self._event is None:
            self._since += passed
        elif passed > _WORTH_A_LOOK:
            now = self._event()
            now.record()
            self._gaps.append((passed, self._last, now))

    def settle(self, passed: float) -> float:
        """The share of the time since the last call that was waiting; the device has done all its work.

        Args:
            passed: seconds of training since the last call.
        """
        for longest, last, now in self._gaps:
            now.synchronize()
            self._since += min(longest, last.elapsed_time(now) / 1e3)
        self._gaps.clear()
        share = min(self._since / passed, 1.0) if passed > 0 else 0.0
        self.seconds += self._since
        self.of += passed
        self._since = 0.0
        return share

    def state_dict(self) -> dict[str, float]:
        """What is known up to the last :meth:`settle`."""
        return {"seconds": self.seconds, "of": self.of}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take back :meth:`state_dict`."""
        self.seconds, self.of = state["seconds"], state["of"]
