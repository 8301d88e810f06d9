"""Claim: the engine adds at most 10 us to every step of a hand-written loop.

An MLP 32-64-64-4 on batches of 64, SGD, one thread. Every contender takes the same pre-built batches through the same
update rule (torch's fused SGD); nothing but the loop differs. Contenders take turns, each turn in another order. The
feed that hands out the batches reads the process's CPU clock when it is asked for the first batch after the warm-up and
when it is asked for its last one, so what happens before and after an epoch is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.data import Schema
from burnish.data.batch import Batch
from burnish.runs.metrics import MetricsLog
from burnish.tasks.classification import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.observers.best import Best
from burnish.training.observers.checkpointer import Checkpointer
from burnish.training.observers.progress import Progress
from burnish.training.optimizers import build_optimizer
from burnish.training.options import TrainingOptions
from evidence import save

BAR_US = 10.0
BATCH, FEATURES, CLASSES, RATE = 64, 32, 4, 0.05
WARM_UP = 200
BASE = "hand-written loop"
OURS = "burnish engine, defaults"
SCHEMA = Schema("table", "classification", (FEATURES,), classes=tuple("abcd"))


class Feed:
    """Pre-built batches, over and over, and the CPU time that passed between two of them."""

    batch_size = BATCH

    def __init__(self, steps: int) -> None:
        rng = torch.Generator().manual_seed(0)
        self.steps = steps
        self.source = range(len(self) * BATCH)
        self.us_per_step = float("nan")
        index = torch.arange(BATCH)
        self.held = [
            Batch(
                torch.randn(BATCH, FEATURES, generator=rng),
                torch.randint(CLASSES, (BATCH,), generator=rng),
                index,
            )
            for _ in range(64)
        ]

    def __len__(self) -> int:
        return WARM_UP + self.steps + 1

    def __iter__(self) -> Iterator[Batch]:
        held, start = self.held, 0.0
        for number in range(len(self)):
            if number == WARM_UP:
                start = time.process_time()
            elif number == WARM_UP + self.steps:
                self.us_per_step = (time.process_time() - start) / self.steps * 1e6
            yield held[number % 64]

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """What the engine of burnish asks for."""
        return iter(self)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def sgd(module: nn.Module) -> torch.optim.Optimizer:
    return build_optimizer("sgd", module.parameters(), learning_rate=RATE)


def hand_written(feed: Feed, reads_loss: bool = False, fused: bool = True) -> None:
    module = model()
    optimizer = sgd(module) if fused else torch.optim.SGD(module.parameters(), lr=RATE)
    for batch in feed:
        loss = F.cross_entropy(module(batch.inputs), batch.targets)
        if reads_loss:
            loss.item()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def burnish_engine(feed: Feed, **changed: Any) -> None:
    """As ``burnish fit`` sets it up: log rows every 50 steps, progress, best weights, checkpoints, a schedule."""
    given = TrainingOptions(optimizer="sgd", learning_rate=RATE, epochs=1, batch_size=BATCH, **changed)
    task = Classification(SCHEMA)
    options = resolve_options(given, SCHEMA, task.name, len(feed.source))
    with tempfile.TemporaryDirectory() as folder, silence():
        engine = Engine(model(), task, feed, options)  # type: ignore[arg-type]
        checkpoints = Path(folder) / "checkpoints"
        observers = MetricsLog(Path(folder) / "metrics.jsonl"), Progress(), Best(checkpoints), Checkpointer(checkpoints)
        for observer in observers:
            engine.attach(observer)
        engine.fit()


def accelerate(feed: Feed) -> None:
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    module, optimizer = accelerator.prepare(model(), sgd(model()))
    for batch in feed:
        with accelerator.accumulate(module):
            loss = F.cross_entropy(module(batch.inputs), batch.targets)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()


def fabric(feed: Feed) -> None:
    from lightning.fabric import Fabric

    wrapped = Fabric(accelerator="cpu", devices=1)
    bare = model()
    module, optimizer = wrapped.setup(bare, sgd(bare))
    for batch in feed:
        loss = F.cross_entropy(module(batch.inputs), batch.targets)
        wrapped.backward(loss)
        optimizer.step()
        optimizer.zero_grad()


def lightning(feed: Feed, everything: bool) -> None:
    import lightning as L

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model()

        def training_step(self, batch: Batch, number: int) -> Tensor:
            loss = F.cross_entropy(self.inner(batch.inputs), batch.targets)
            if everything:
                self.log("loss", loss, prog_bar=True)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return sgd(self)

    switches = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), everything
    )
    with tempfile.TemporaryDirectory() as folder, silence():
        trainer = L.Trainer(accelerator="cpu", devices=1, max_epochs=1, default_root_dir=folder, **switches)
        trainer.fit(Module(), feed)


CONTENDERS: dict[str, tuple[str | None, Callable[[Feed], None]]] = {
    BASE: (None, hand_written),
    "hand-written loop that reads every loss": (None, lambda feed: hand_written(feed, reads_loss=True)),
    "hand-written loop, torch's default SGD": (None, lambda feed: hand_written(feed, fused=False)),
    OURS: (None, burnish_engine),
    "burnish engine, constant rate": (None, lambda feed: burnish_engine(feed, schedule="constant")),
    "Accelerate, accumulate": ("accelerate", accelerate),
    "Lightning Fabric": ("lightning", fabric),
    "Lightning Trainer, everything off": ("lightning", lambda feed: lightning(feed, everything=False)),
    "Lightning Trainer, defaults": ("lightning", lambda feed: lightning(feed, everything=True)),
}


def importable(package: str | None) -> bool:
    try:
        return package is None or bool(__import__(package))
    except ImportError:
        return False


def measure(contender: Callable[[Feed], None], steps: int) -> float:
    feed = Feed(steps)
    gc.collect()
    contender(feed)
    return feed.us_per_step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument(
        "--only", default="", help="print the contenders whose names hold this, and leave the result alone"
    )
    chosen = parser.parse_args()

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    present = {
        name: call
        for name, (package, call) in CONTENDERS.items()
        if (name == BASE or chosen.only in name) and importable(package)
    }
    absent = [name for name, (package, _) in CONTENDERS.items() if not importable(package)]

    us: dict[str, list[float]] = {name: [] for name in present}
    names = list(present)
    for number in range(chosen.rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            took = measure(present[name], chosen.steps)
            if number:  # the first round warms caches up
                us[name].append(took)
    rows = []
    for name, times in us.items():
        over = [mine - base for mine, base in zip(times, us[BASE], strict=True)]
        low, middle, high = statistics.quantiles(over, n=4) if len(over) > 1 else over * 3
        rows.append(
            {
                "loop": name,
                "us_per_step": statistics.median(times),
                "over_us": middle,
                "over_us_low": low,
                "over_us_high": high,
                "bar_us": BAR_US if name == OURS else None,
            }
        )
    if chosen.only:
        from evidence import table

        print(table(rows))
        return
    notes = [
        f"{chosen.rounds} rounds of {chosen.steps} steps each; CPU time of the process on one thread. over_us is the "
        f"median of the differences to the {BASE} of the same round, low and high their quartiles.",
    ]
    if absent:
        notes.append(f"Not installed, so not measured: {', '.join(absent)}.")
    save("engine", rows, notes, packages=["accelerate", "lightning"])
    ours = next(row for row in rows if row["loop"] == OURS)
    if ours["over_us"] > BAR_US:
        raise SystemExit(f"the engine adds {ours['over_us']:.1f} us to a step, more than {BAR_US:g}")


if __name__ == "__main__":
    main()
