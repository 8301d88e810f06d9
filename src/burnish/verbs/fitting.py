"""What ``fit`` does: make everything ready, train, and write down what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.device import resolve_device
from burnish.common.errors import InputError, Interrupted
from burnish.common.files import write_atomically
from burnish.common.seeding import derive_seed, preserved_rng, seed_everything
from burnish.data.loader import Loader, evaluation_loader, make_loader
from burnish.models.latency import measure_latency
from burnish.runs.config import plain_options, read_options, write_config
from burnish.runs.environment import environment
from burnish.runs.folder import RunLock, make_run_folder
from burnish.runs.metrics import MetricsLog
from burnish.runs.model_record import save_weights
from burnish.runs.run import Run, load_run
from burnish.training.checkpoint import list_checkpoints
from burnish.training.distributed import World, join_world, leave_world, share_object
from burnish.training.engine import Engine
from burnish.training.observers.best import Best
from burnish.training.observers.checkpointer import Checkpointer
from burnish.training.observers.interrupt import REASON, Interrupt
from burnish.training.observers.observer import Observer
from burnish.training.observers.progress import Progress
from burnish.training.wrap import wrapper
from burnish.verbs.fit import Fit
from burnish.verbs.preparing import Prepared, prepare


def start(options: Fit, data: Any, model: nn.Module | None, observers: Sequence[Observer]) -> Run:
    """A new run. Nothing is written before everything has been checked."""
    with _surroundings(options) as (world, device):
        ready = prepare(options, data, model)
        engine = _engine(ready, world, device)  # before the folder is made: it checks the rest of the options
        path = make_run_folder(options.out, "fit") if world.is_main else None
        path = share_object(path, world)
        with ExitStack() as stack:
            if world.is_main:
                stack.enter_context(RunLock(path))
                _write_beginning(path, ready, environment(seed=options.seed, device=str(device), ranks=world.size))
                _tell(ready, path, options.quiet)
            keepers = _watch(engine, path, ready.options, observers)
            seed_everything(derive_seed(options.seed, "training", world.rank))
            return _train(engine, ready, path, keepers)


def go_on(options: Fit, data: Any, model: nn.Module | None, observers: Sequence[Observer]) -> Run:
    """A run that was interrupted, from its newest trusted checkpoint."""
    assert options.resume is not None
    run = load_run(options.resume)
    recorded = read_options(Fit, run.config["fit"])
    own_words = {"resume", "trust", "quiet", "json", "device", "workers"}
    changed = [f.name for f in fields(Fit) if f.name not in own_words and getattr(options, f.name) != _default(f)]
    if changed:
        raise InputError(f"--resume takes its options from the run: leave out {', '.join(changed)}, or start a new run")
    if run.result:
        raise InputError(f"run {run.path} is finished: start another from it with --parent {run.path}")
    recorded = replace(recorded, quiet=options.quiet, trust=options.trust, json=options.json)
    if not list_checkpoints(run.path / "checkpoints"):
        raise InputError(f"run {run.path} has no checkpoint to go on from: start it again")
    with _surroundings(recorded) as (world, device):
        if data is None and recorded.data is None:
            data = run.data
        ready = prepare(recorded, data, model, record=run.config)
        if ready.data.schema != run.schema:
            raise InputError(
                f"the data are not what run {run.path} was fitted on: their schema differs; start a new run"
            )
        engine = _engine(ready, world, device)
        with ExitStack() as stack:
            if world.is_main:
                stack.enter_context(RunLock(run.path))
            keepers = _watch(engine, run.path, ready.options, observers)
            for line in keepers.checkpointer.resume(engine):
                print(f"burnish fit: {line}", file=sys.stderr)
            if world.is_main and not recorded.quiet:
                print(f"resuming {run.path} at step {engine.step} of {engine.total_steps}", file=sys.stderr)
            return _train(engine, ready, run.path, keepers)


@dataclass(frozen=True)
class _Keepers:
    """The observers that the verb itself talks to."""

    checkpointer: Checkpointer
    best: Best


@contextmanager
def _surroundings(options: Fit) -> Iterator[tuple[World, torch.device]]:
    """Device, world and threads of a run; the caller's generators and thread count come back afterwards."""
    device = resolve_device(options.device)
    threads = torch.get_num_threads()
    with preserved_rng():
        world = join_world(device.type)
        try:
            if device.type == "cuda" and world.size > 1:
                device = torch.device("cuda", world.local_rank)
                torch.cuda.set_device(device)
            if options.threads is not None:
                torch.set_num_threads(options.threads)
            yield world, device
        finally:
            torch.set_num_threads(threads)
            leave_world()


def _engine(ready: Prepared, world: World, device: torch.device) -> Engine:
    options, task = ready.options, ready.task
    model = ready.model.to(device)
    channels_last = options.channels_last
    if channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    share = {"workers": options.workers, "device": device, "channels_last": bool(channels_last)}
    train = make_loader(
        ready.data.train,
        options.batch_size or 0,
        shuffle=True,
        seed=options.seed,
        rank=world.rank,
        ranks=world.size,
        **share,  # type: ignore[arg-type]
    )
    validation = evaluation_loader(ready.data.validation, **share) if len(ready.data.validation) else None  # type: ignore[arg-type]
    return Engine(
        model,
        task,
        train,
        options,
        validation=validation,
        device=device,
        world=world,
        wrap=wrapper(task, world, device),
    )


def _watch(engine: Engine, path: Path, options: Fit, observers: Sequence[Observer]) -> _Keepers:
    checkpoints = path / "checkpoints"
    checkpointer = Checkpointer(checkpoints, epochs=options.checkpoint_epochs, steps=options.checkpoint_steps)
    best = Best(checkpoints, options.early_stopping)
    engine.attach(MetricsLog(path / "metrics.jsonl"))
    engine.attach(Progress(options.quiet))
    for observer in observers:
        engine.attach(observer)
    engine.attach(best)
    engine.attach(checkpointer)
    if engine.world.size == 1:  # ranks do not get a signal at the same step; torchrun stops them, checkpoints stay
        engine.attach(Interrupt())
    return _Keepers(checkpointer, best)


def _train(engine: Engine, ready: Prepared, path: Path, keepers: _Keepers) -> Run:
    engine.fit()
    if engine.stop_requested == REASON:
        keepers.checkpointer.save(engine)
        raise Interrupted(
            f"stopped at step {engine.step} of {engine.total_steps} and saved; go on with: burnish fit --resume {path}"
        )
    engine.adopt_average()
    notes = list(ready.notes)
    if engine.stop_requested is not None:
        notes.append(f"stopped after epoch {engine.epoch}: {engine.stop_requested}")
    if ready.options.early_stopping is not None and keepers.best.value is not None:
        step = keepers.best.restore(engine)
        notes.append(f"the weights are those of step {step}, the best on validation")
    module = engine.module.cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    if engine.world.is_main:
        save_weights(module, path / "model.safetensors")
        result = _result(engine, ready, module, notes)
        write_atomically(path / "result.json", json.dumps(result, indent=1))
    return Run(path).remember(ready.data, module.eval())


def _result(engine: Engine, ready: Prepared, module: nn.Module, notes: list[str]) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    if len(ready.data.validation):
        loader: Loader = evaluation_loader(ready.data.validation, workers=ready.options.workers)
        metrics["validation"] = {n: vars(e) for n, e in ready.task.evaluate(module, loader).metrics.items()}
    latency = measure_latency(module, ready.task.example(1), repeats=20)
    return {
        "verb": "fit",
        "model": ready.model_record["name"],
        "data": ready.data.name,
        "task": ready.task.name,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "metrics": metrics,
        "watched": ready.task.watched[0],
        "latency_ms": {
            "median": latency.median,
            "low": latency.low,
            "high": latency.high,
            "batch": 1,
            "threads": latency.threads,
        },
        "seconds": round(engine.seconds, 3),
        "epochs": engine.epoch,
        "steps": engine.step,
        "notes": notes,
        "parent": ready.parent,
    }


def _write_beginning(path: Path, ready: Prepared, env: dict[str, Any]) -> None:
    config = {
        "verb": "fit",
        "burnish_version": env["burnish"],
        "parent": ready.parent,
        "fit": plain_options(ready.options),
        "model": ready.model_record,
        "task": ready.task_record,
        "data": ready.data_record,
    }
    write_config(path, config)
    write_atomically(path / "schema.json", json.dumps(ready.data.schema.to_dict(), indent=1))
    write_atomically(path / "env.json", json.dumps(env, indent=1))


def _tell(ready: Prepared, path: Path, quiet: bool) -> None:
    if quiet:
        return
    options, data = ready.options, ready.data
    count = sum(parameter.numel() for parameter in ready.model.parameters())
    print(
        f"{data.name}: {len(data.train):,} train, {len(data.validation):,} validation, {len(data.test):,} test; "
        f"{data.schema.kind}, {data.schema.goal}",
        file=sys.stderr,
    )
    rate = f" at {options.learning_rate:g}" if options.learning_rate is not None else ""
    print(
        f"{ready.model_record['name']}: {count:,} parameters; {options.optimizer}{rate}, {options.schedule}, "
        f"batch {options.batch_size or len(data.train)}, {options.epochs} epochs",
        file=sys.stderr,
    )
    for note in ready.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"run: {path}", file=sys.stderr)


def _default(field: Any) -> Any:
    return field.default if field.default is not MISSING else field.default_factory()
