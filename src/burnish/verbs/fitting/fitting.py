"""What ``fit`` does: make everything ready, train, and write down what came of it."""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
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
from burnish.data.loaders.loader import Loader, evaluation_loader, make_loader
from burnish.runs.config import read_options
from burnish.runs.environment import environment
from burnish.runs.folder import RunLock, make_run_folder
from burnish.runs.metrics import MetricsLog
from burnish.runs.model_record import save_weights
from burnish.runs.run import Run, load_run
from burnish.training.agreement import lost_contact, one_voice
from burnish.training.checkpoint import list_checkpoints
from burnish.training.distributed import World, join_world, own_device, share_object
from burnish.training.engine import Engine
from burnish.training.evaluating import parts_of_evaluation
from burnish.training.observers.best import Best
from burnish.training.observers.checkpointer import Checkpointer
from burnish.training.observers.interrupt import REASON, Interrupt
from burnish.training.observers.observer import Observer
from burnish.training.observers.progress import Progress
from burnish.training.sharded import mesh_of, whole_state
from burnish.training.wrap import check_processes, wrapper
from burnish.verbs.fit import Fit
from burnish.verbs.fitting.preparing import Prepared, prepare
from burnish.verbs.fitting.records import result_of, tell, write_beginning

Change = Callable[[Prepared], Prepared]
"""What another verb that trains changes of what was prepared: the task, say."""

Watchers = Callable[[Path], Sequence[Observer]]
"""More observers, made for the folder of the run."""


def start(
    options: Fit,
    data: Any,
    model: nn.Module | None,
    observers: Sequence[Observer],
    change: Change | None = None,
    watchers: Watchers | None = None,
) -> Run:
    """A new run. Nothing is written before everything has been checked."""
    with _surroundings() as world, ExitStack() as stack:
        with one_voice(world):
            check_processes(options.parallel, world)
            device = _place(options, world)
            ready = prepare(options, data, model, device=device)
            ready = change(ready) if change else ready
        with one_voice(world):
            engine = _engine(ready, world, device)  # before the folder is made: it checks the rest of the options
        with one_voice(world):
            path = make_run_folder(options.out, options.verb) if world.is_main else None
        path = share_object(path, world)
        with one_voice(world):
            if not path.is_dir():
                raise InputError(
                    f"process {world.rank} does not see {path}: all machines must share the folder of --out"
                )
            if world.is_main:
                stack.enter_context(RunLock(path))
                env = environment(seed=options.seed, device=str(device), ranks=world.size)
                try:
                    write_beginning(path, ready, env)
                except OSError:
                    shutil.rmtree(path, ignore_errors=True)
                    raise
                tell(ready, path, options.quiet)
        keepers = _watch(engine, path, ready.options, [*observers, *(watchers(path) if watchers else ())])
        seed_everything(derive_seed(options.seed, "training", world.rank))
        keepers.checkpointer.save(engine)  # from here on there is always something to resume from
        return _train(engine, ready, path, keepers)


def go_on(
    options: Fit,
    data: Any,
    model: nn.Module | None,
    observers: Sequence[Observer],
    change: Change | None = None,
    watchers: Watchers | None = None,
) -> Run:
    """A run that was interrupted, from its newest trusted checkpoint."""
    with _surroundings() as world, ExitStack() as stack:
        with one_voice(world):
            run, recorded = _resumable(options)
            device = _place(recorded, world)
            if data is None:  # a relative path would depend on where this process was started
                recorded = replace(recorded, data=run.config["data"].get("origin", recorded.data))
            if data is None and recorded.data is None:
                data = run.data
            ready = prepare(recorded, data, model, record=run.config, schema=run.schema, device=device, home=run.path)
            ready = change(ready) if change else ready
        with one_voice(world):
            engine = _engine(ready, world, device)
        with one_voice(world):
            if world.is_main:
                stack.enter_context(RunLock(run.path))
        keepers = _watch(engine, run.path, ready.options, [*observers, *(watchers(run.path) if watchers else ())])
        seed_everything(derive_seed(recorded.seed, "training", world.rank))  # for ranks that the checkpoint lacks
        refused = keepers.checkpointer.resume(engine)
        if world.is_main:
            for line in refused:
                print(f"burnish {options.verb}: {line}", file=sys.stderr)
            if not recorded.quiet:
                print(f"resuming {run.path} at step {engine.step} of {engine.total_steps}", file=sys.stderr)
        return _train(engine, ready, run.path, keepers)


def _resumable(options: Fit) -> tuple[Run, Fit]:
    """The run to go on with, and the options to do it with: those of the run, and what may change on the way."""
    assert options.resume is not None
    run, kind = load_run(options.resume), type(options)
    if options.verb not in run.config:
        made_by = run.config.get("verb", "another verb")
        raise InputError(f"run {run.path} was made by {made_by}: go on with burnish {made_by} --resume {run.path}")
    recorded = read_options(kind, run.config[options.verb])
    own_words = {"resume", "trust", "quiet", "json", "device", "workers", "threads", "parallel"}
    given = {f.name: getattr(options, f.name) for f in fields(kind) if getattr(options, f.name) != _default(f)}
    changed = [name for name in given if name not in own_words]
    if changed:
        raise InputError(f"--resume takes its options from the run: leave out {', '.join(changed)}, or start a new run")
    if run.result:
        raise InputError(f"run {run.path} is finished: start another from it with --parent {run.path}")
    if not list_checkpoints(run.path / "checkpoints"):
        raise InputError(f"run {run.path} has no checkpoint to go on from: start it again")
    given = {"quiet": options.quiet, "trust": options.trust, "json": options.json} | given
    return run, replace(recorded, **{name: value for name, value in given.items() if name != "resume"})


@dataclass(frozen=True)
class _Keepers:
    """The observers that the verb itself talks to."""

    checkpointer: Checkpointer
    best: Best


@contextmanager
def _surroundings() -> Iterator[World]:
    """The world of a run; the caller's generators and thread count come back afterwards."""
    threads = torch.get_num_threads()
    with preserved_rng():
        world = join_world()
        try:
            with lost_contact(world):
                yield world
        finally:
            torch.set_num_threads(threads)


def _place(options: Fit, world: World) -> torch.device:
    """The device of this process, with as many threads as were asked for."""
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    return own_device(resolve_device(options.device), world)


def _engine(ready: Prepared, world: World, device: torch.device) -> Engine:
    options, task = ready.options, ready.task
    channels_last = options.channels_last
    sharded = options.parallel == "fsdp" and world.size > 1
    if sharded:
        model = copy.deepcopy(ready.model)  # the module itself stays whole, and gets the weights when they are ready
    else:
        model = ready.model.to(device)
        if channels_last:
            model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    share = {"workers": options.workers, "device": device, "channels_last": bool(channels_last)}
    train = make_loader(
        ready.train,
        options.batch_size or 0,
        shuffle=True,
        seed=options.seed,
        rank=world.rank,
        ranks=world.size,
        **share,  # type: ignore[arg-type]
    )
    validation: Loader | None = None
    if count := len(ready.data.validation):
        parts = parts_of_evaluation(task, count, world)
        validation = evaluation_loader(ready.data.validation, **parts, **share)  # type: ignore[arg-type]
    return Engine(
        model,
        task,
        train,
        options,
        validation=validation,
        device=device,
        world=world,
        wrap=wrapper(task, world, device, options.parallel),
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
    engine.attach(Interrupt())
    return _Keepers(checkpointer, best)


def _train(engine: Engine, ready: Prepared, path: Path, keepers: _Keepers) -> Run:
    world = engine.world
    engine.fit()
    if engine.stop_requested == REASON:
        keepers.checkpointer.save(engine)
        command = f"torchrun --nproc-per-node {world.size} -m burnish" if world.size > 1 else "burnish"
        raise Interrupted(
            f"stopped at step {engine.step} of {engine.total_steps} and saved; "
            f"go on with: {command} {ready.options.verb} --resume {path}"
        )
    engine.adopt_average()
    notes = [*ready.notes, *(note for observer in engine.observers for note in getattr(observer, "notes", ()))]
    if engine.stop_requested is not None:
        notes.append(f"stopped after epoch {engine.epoch}: {engine.stop_requested}")
    picks = ready.options.keeps_best or ready.options.early_stopping is not None
    if picks and keepers.best.value is not None:
        step = keepers.best.restore(engine)
        notes.append(f"the weights are those of step {step}, the best on validation in {engine.task.watched[0]}")
    module = _whole_module(engine, ready.model)
    with one_voice(world):
        if world.is_main:
            if ready.is_masked:
                from burnish.pruning.weights import bake_, save_sparse

                bake_(module)
                save_sparse(module, path / "model.safetensors")
            else:
                save_weights(module, path / "model.safetensors")
            result = result_of(engine, ready, module, notes, path)
            write_atomically(path / "result.json", json.dumps(result, indent=1))
            if "advice" in result["loading"] and not ready.options.quiet:
                print(f"note: {result['loading']['advice']}", file=sys.stderr)
    if not world.is_main and module is not engine.module:
        return Run(path, module).remember(ready.data)  # reads the weights when they are asked for
    return Run(path).remember(ready.data, module if ready.is_own_object else module.eval())


def _whole_module(engine: Engine, module: nn.Module) -> nn.Module:
    """The trained module on the CPU; where it was sharded, ``module`` with its weights, on rank 0 alone."""
    if mesh_of(engine.module) is None:
        return engine.module.cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]
    state = whole_state(engine.module, engine.world)
    if engine.world.is_main:
        module.load_state_dict(state)
    return module


def _default(field: Any) -> Any:
    return field.default if field.default is not MISSING else field.default_factory()
