"""Who wants to hear of a training run, and when. What nobody subscribed to costs nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from burnish.common.errors import InputError, unknown

if TYPE_CHECKING:
    from burnish.training.engine import Engine

Event = Literal["start", "step", "validated", "epoch", "end", "close"]
Row = dict[str, Any]


@dataclass
class Subscription:
    """One call, with when it is due next."""

    call: Callable[[Engine], None]
    every: int | None
    once: int | None
    seconds: float | None
    due_step: float = math.inf
    due_time: float = math.inf

    def schedule(self, step: int, now: float) -> None:
        """Set what comes next, seen from a step that is done."""
        if self.once is not None:
            self.due_step = self.once if step < self.once else math.inf
        elif self.every is not None:
            self.due_step = (step // self.every + 1) * self.every
        if self.seconds is not None:
            self.due_time = now + self.seconds

    def is_due(self, step: int, now: float) -> bool:
        """Whether the call's step or time has come."""
        return step >= self.due_step or now >= self.due_time


class Events:
    """Subscriptions by event. Steps are the hot path: ``next_step`` and ``next_time`` say when to look again.

    >>> from types import SimpleNamespace
    >>> events, heard = Events(), []
    >>> _ = events.on("step", lambda engine: heard.append(engine.step), every=2)
    >>> events.schedule(0)
    >>> for step in range(1, 6):
    ...     events.fire_step(SimpleNamespace(step=step))
    >>> heard
    [2, 4]
    """

    def __init__(self) -> None:
        self._calls: dict[str, list[Subscription]] = {event: [] for event in get_args(Event)}
        self.next_step: float = math.inf
        self.next_time: float = math.inf

    def on(
        self,
        event: Event,
        call: Callable[[Engine], None],
        *,
        every: int | None = None,
        once: int | None = None,
        seconds: float | None = None,
    ) -> Subscription:
        """Call ``call(engine)`` at an event.

        Args:
            event: ``start``, ``step`` (after an update), ``validated``, ``epoch`` (after validation), ``end`` (when
                training is done or was asked to stop), ``close`` (last, also after an error: let go of what you hold).
            call: what to call.
            every: for ``step``: at every multiple of this many steps.
            once: for ``step``: at this one step.
            seconds: for ``step``: at the first step after this much time, again and again. Clocks differ between ranks,
                so such a call must not talk to them.

        Returns:
            The subscription; a call may set its own ``due_step``.

        Raises:
            InputError: an unknown event, a count that is not positive, or ``once`` together with another.
        """
        if event not in self._calls:
            raise unknown("event", event, self._calls)
        for name, value in (("every", every), ("once", once), ("seconds", seconds)):
            if value is not None and not value > 0:
                raise InputError(f"{name} must be positive, got {value}")
            if value is not None and event != "step":
                raise InputError(f"{name} applies to event 'step' alone, got event '{event}'")
        if once is not None and (every is not None or seconds is not None):
            raise InputError("once goes alone: subscribe a second time for every or seconds")
        if event == "step" and every is None and once is None and seconds is None:
            every = 1
        subscription = Subscription(call, every, once, seconds)
        self._calls[event].append(subscription)
        return subscription

    def schedule(self, step: int) -> None:
        """Set every due time as seen from ``step``: at the start, and after a resume."""
        now = time.monotonic()
        for subscription in self._calls["step"]:
            subscription.schedule(step, now)
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.next_step = min((s.due_step for s in self._calls["step"]), default=math.inf)
        self.next_time = min((s.due_time for s in self._calls["step"]), default=math.inf)

    def fire(self, event: Event, engine: Engine) -> None:
        """Call everyone who waits for an event other than a step."""
        for subscription in self._calls[event]:
            subscription.call(engine)

    def fire_step(self, engine: Engine) -> None:
        """Call those whose step or time has come."""
        now = time.monotonic()
        for subscription in self._calls["step"]:
            if subscription.is_due(engine.step, now):
                # Scheduled before the call, so that a checkpoint written inside it describes what follows.
                subscription.schedule(engine.step, now)
                subscription.call(engine)
        self._look_ahead()
