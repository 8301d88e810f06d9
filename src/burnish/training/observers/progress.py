"""Where a run is, for a person who waits: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from burnish.training.events import Row
from burnish.training.observers.observer import Stateless

if TYPE_CHECKING:
    from burnish.training.engine import Engine

SECONDS_BETWEEN_LINES = 10.0


class Progress(Stateless):
    """Write to stderr, from values of the last row alone: no tensor is read for it.

    Without a terminal (or without ``rich``) it writes a line for every validation, and one for a training row at most
    every ten seconds.

    Args:
        quiet: say nothing at all.
    """

    name = "progress"

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bar: Any = None
        self._bar_task: Any = None
        self._last_line = 0.0

    def subscribe(self, engine: Engine) -> None:
        if self.quiet or not engine.world.is_main:
            return
        engine.events.on("start", self._start)
        engine.events.on("close", lambda _engine: self.close())
        engine.row_readers.append(lambda row: self._show(engine, row))

    def _start(self, engine: Engine) -> None:
        self._last_line = time.monotonic()
        if not sys.stderr.isatty():
            return
        try:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ImportError:  # beside a bare torch: lines do as well
            return

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=Console(stderr=True), refresh_per_second=4)
        self._bar_task = self._bar.add_task("", total=engine.total_steps, completed=engine.step, numbers="")
        self._bar.start()

    def _show(self, engine: Engine, row: Row) -> None:
        validated = row["event"] == "validation"
        if self._bar is not None:
            self._bar.update(
                self._bar_task,
                completed=row["step"],
                description=f"epoch {min(int(row['epoch']) + 1, engine.options.epochs)}/{engine.options.epochs}",
                numbers=_numbers(row),
            )
            if validated:
                self._bar.console.print(_line(engine, row), highlight=False)
        elif validated or time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            print(_line(engine, row), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the bar down."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _numbers(row: Row) -> str:
    hidden = ("event", "step", "epoch", "seconds", "samples_per_second", "learning_rate", "data_wait")
    shown = {k: v for k, v in row.items() if k not in hidden and not k.endswith(("_low", "_high"))}
    return "  ".join(f"{name} {value:.4f}" for name, value in shown.items())


def _line(engine: Engine, row: Row) -> str:
    share = row["step"] / max(engine.total_steps, 1)
    left = row["seconds"] / max(share, 1e-9) * (1 - share)
    speed = f"  {row['samples_per_second']:,.0f} samples/s" if "samples_per_second" in row else ""
    kind = "validation" if row["event"] == "validation" else "train     "
    return (
        f"epoch {row['epoch']:6.2f}/{engine.options.epochs}  {kind}  {_numbers(row)}{speed}"
        f"  {row['seconds']:.0f} s, about {left:.0f} s left"
    )
