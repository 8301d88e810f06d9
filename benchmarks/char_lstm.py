"""Claim: char-lstm on tiny-shakespeare (last 10 % held out) passes 1.55 nats a character within 90 s on two cores.

burnish plays the bundled preset (`burnish run shakespeare`). Beside it stands a plain loop in fp32 with torch's own
LSTM of the same widths, optimizer, schedule and number of updates: what the preset costs without bf16. Wall seconds of
training on the given threads, and CPU seconds; the validation loss is the mean over all held-out windows.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

import burnish
from burnish.common.module_state import evaluating
from burnish.data import load
from burnish.data.loaders.loader import evaluation_loader, make_loader
from burnish.models import for_data
from evidence import save

LOSS_BAR = 1.55
SECONDS_BAR = 90.0


def preset() -> dict[str, Any]:
    """The options of the bundled recipe's fit."""
    recipe = Path(burnish.__file__).parent / "recipes" / "shakespeare.toml"
    step: dict[str, Any] = tomllib.loads(recipe.read_text())["steps"][0]
    return {name: value for name, value in step.items() if name not in ("verb", "id")}


def ours(seed: int, threads: int) -> dict[str, Any]:
    """One fit of the preset."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        run = burnish.fit(**preset(), seed=seed, threads=threads, quiet=True, out=folder)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        loss = run.metrics["validation"]["loss"].value
    return {"what": f"burnish, seed {seed}", "wall seconds": round(wall, 1), "cpu seconds": round(cpu, 1), "nats": loss}


def plain(threads: int) -> dict[str, Any]:
    """The same network and number of updates in fp32, by hand."""
    chosen = preset()
    torch.set_num_threads(threads)
    shares = {name: chosen[name] for name in ("sequence_length", "validation", "test")}
    data = load(chosen["data"], **shares)
    torch.manual_seed(0)
    model = for_data(chosen["model"], data.schema, **chosen.get("model_option", {}))
    loader = make_loader(data.train, chosen["batch_size"], shuffle=True, seed=0)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=chosen["learning_rate"], weight_decay=chosen.get("weight_decay", 0.0)
    )
    steps = chosen["epochs"] * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, chosen["learning_rate"], total_steps=steps)
    wall, cpu = time.perf_counter(), time.process_time()
    for epoch in range(chosen["epochs"]):
        for batch in loader.batches(epoch):
            loss = F.cross_entropy(model(batch.inputs).flatten(0, 1), batch.targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with evaluating(model):
        losses = [
            F.cross_entropy(model(b.inputs).flatten(0, 1), b.targets.flatten(), reduction="sum")
            for b in evaluation_loader(data.validation)
        ]
    symbols = len(data.validation) * chosen["sequence_length"]
    nats = float(sum(losses)) / symbols
    return {"what": "plain fp32 loop", "wall seconds": round(wall, 1), "cpu seconds": round(cpu, 1), "nats": nats}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-plain", action="store_true", help="leave the plain loop out")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    rows = []
    for seed in range(given.seeds):
        rows.append(ours(seed, given.threads))
        print(rows[-1], flush=True)
    fits = list(rows)
    if not given.no_plain:
        rows.append(plain(given.threads))
        print(rows[-1], flush=True)
    rows = [r | {"nats": round(r["nats"], 4)} for r in rows]
    worst = max(r["nats"] for r in fits)
    wall = statistics.median(r["wall seconds"] for r in fits)
    notes = [
        f"Bar: validation loss <= {LOSS_BAR} nats per character in <= {SECONDS_BAR:.0f} s on two cores.",
        f"Measured: worst {worst:.3f} nats, median {wall:.0f} s wall, {given.seeds} seeds, {given.threads} threads.",
    ]
    if not given.dry:
        save("char_lstm", rows, notes)
    else:
        print(notes)


if __name__ == "__main__":
    main()
