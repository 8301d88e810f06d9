"""``burnish harden``: train a model on attacked samples, so that small changes no longer fool it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.common.errors import InputError
from burnish.defences.adversarial.options import HardeningOptions
from burnish.verbs.fit import Fit, told
from burnish.verbs.interface.options import build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.training.observers.observer import Observer
    from burnish.verbs.fitting.preparing import Prepared


@dataclass(frozen=True, kw_only=True)
class Harden(Fit, HardeningOptions):  # its own options first in the help
    """Train a model on attacked samples; makes a run whose parent is the run that it began with.

    Model, weights and data are those of the parent unless others are given. The result is the epoch that withstood
    most on validation.
    """

    verb: ClassVar[str] = "harden"
    keeps_best: ClassVar[bool] = True

    parent: Path | None = field(default=None, metadata={"positional": True})
    """Folder of the run to harden. Without one, --data and --model start afresh."""


def harden(
    parent: Run | str | Path | None = None,
    *,
    data: Any = None,
    model: str | nn.Module | None = None,
    observers: Sequence[Observer] = (),
    **options: Any,
) -> Run:
    """Train a model on attacked samples.

    Args:
        parent: the run to harden, or its folder; its model, weights and data are taken.
        data: as :func:`burnish.fit` takes them; other data than the parent's, or those of a module.
        model: a name or any module, where there is no parent. Weights of a module are where training begins.
        observers: more watchers of the run.
        options: the fields of :class:`Harden`, such as ``eps=8/255`` and ``with_="trades"``.

    Returns:
        The run: ``.model``, ``.metrics`` with ``robust_accuracy`` against PGD-10, ``.parent``.

    Raises:
        InputError: something given cannot be used; no run folder is made then.
    """
    named = {
        "parent": getattr(parent, "path", parent),
        "data": str(data) if isinstance(data, str | Path) else None,
        "model": model if isinstance(model, str) else None,
    }
    settings = build(Harden, **{name: value for name, value in named.items() if value is not None}, **options)
    if data is None and not isinstance(parent, str | Path | None) and "origin" not in parent.config["data"]:
        data = parent.data  # of this process: they cannot be loaded again by name
    given_data = None if isinstance(data, str | Path) else data
    return _made(settings, given_data, None if isinstance(model, str) else model, observers)


def command(options: Harden) -> Outcome:
    """Harden from the shell."""
    if options.resume is None and options.parent is None and options.data is None:
        raise InputError(
            "nothing to harden: give the folder of a run, or --data NAME and --model NAME, or --resume RUN"
        )
    return told(_made(options, None, None, ()))


def _made(options: Harden, data: Any, model: nn.Module | None, observers: Sequence[Observer]) -> Run:
    from burnish.defences.adversarial.inner_attack import check_hardening
    from burnish.defences.adversarial.watch import CollapseWatch
    from burnish.verbs.fitting.fitting import go_on, start

    def watchers(path: Path) -> list[CollapseWatch]:
        return [CollapseWatch(path / "checkpoints")] if options.robust_samples else []

    if options.resume is not None:
        return go_on(options, data, model, observers, _adversarial, watchers)
    check_hardening(options)
    return start(options, data, model, observers, _adversarial, watchers)


def _adversarial(ready: Prepared) -> Prepared:
    """The same with a task that trains on attacked samples."""
    from dataclasses import fields, replace

    from burnish.defences.adversarial.training import AdversarialTraining

    options, task = ready.options, ready.task
    if task.name != "classification":
        raise InputError(f"hardening is for classifiers so far, the task here is {task.name}")
    assert isinstance(options, Harden)
    notes = ready.notes
    if not len(ready.data.validation):
        options = replace(options, robust_samples=0)
        notes = (*notes, "there is no validation split, so the last epoch is the result and no collapse is noticed")
    chosen = HardeningOptions(**{f.name: getattr(options, f.name) for f in fields(HardeningOptions)})
    hardened = AdversarialTraining(ready.data.schema, chosen, **ready.task_record["options"])

    def finish(module: nn.Module) -> dict[str, str]:
        return {"watched": task.watched[0]}  # by which a reader compares it with other runs

    return replace(ready, options=options, task=hardened, notes=notes, finish=finish)
