"""``burnish prune``: make a model smaller, and measure whether it became faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from burnish.common.errors import InputError
from burnish.verbs.fit import Fit
from burnish.verbs.interface.options import build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.training.observers.observer import Observer


@dataclass(frozen=True, kw_only=True)
class Prune(Fit):
    """Remove filters, layers or single weights of a run's model, finetune, and say what it saved.

    Makes a run whose parent is the run that was pruned. Parameters, multiply-adds, size, measured latency and the
    score on validation stand beside each other: before, after the cut, and after finetuning.
    """

    verb: ClassVar[str] = "prune"

    parent: Path | None = field(default=None, metadata={"positional": True})
    """Folder of the run to prune."""
    level: Literal["filter", "layer", "weight"] = "filter"
    """What goes: whole filters, heads and units; whole blocks; or single weights."""
    criterion: str | None = None
    """What is worth least. filter: l1, l2, geometric-median, taylor, mean-activation, batchnorm-scale, ...; layer:
    similarity, discriminative, loss; weight: magnitude, taylor; and random, the control. Default: l2, similarity,
    magnitude."""
    latency: float | None = None
    """Share of the measured time of a forward that may stay, 0.5 for twice as fast."""
    macs: float | None = None
    """Share of the multiply-adds that may stay."""
    params: float | None = None
    """Share of the parameters that may stay."""
    size: float | None = None
    """Share of the bytes that may stay."""
    ratio: float | None = None
    """Share of the filters, or of the blocks that can go, that goes."""
    sparsity: float | None = None
    """Share of single weights that goes, for level weight."""
    pattern: str | None = None
    """N:M, such as 2:4, instead of a sparsity: so many of every M neighbours stay."""
    scope: Literal["uniform", "global"] | None = None
    """uniform: the same share of every layer; global: all compete. Default: uniform, for single weights global."""
    round_to: int = 8
    """Numbers of filters that stay are multiples of this, as hardware likes them."""
    ignore: tuple[str, ...] = ()
    """Modules that keep all they have; may be given several times."""
    rounds: int = 1
    """Cut and finetune so many times, each a run with the one before as its parent."""
    max_drop: float | None = None
    """Cut in rounds as long as the score on validation falls by no more than so many points."""
    distill: float = 0.0
    """Share of the loss that comes from the answers of the unpruned model."""
    calibration: int = 1024
    """Training samples that criteria look at."""
    sensitivity: bool = False
    """Only look: the score on validation as each layer alone is cut; makes no run."""


def prune(
    subject: Run | str | Path | nn.Module,
    example: Any = None,
    *,
    data: Any = None,
    finetune: Callable[[nn.Module], Any] | None = None,
    batches: Any = None,
    task: Any = None,
    observers: Sequence[Observer] = (),
    **options: Any,
) -> Any:
    """Prune a run, or any module.

    Args:
        subject: a run or its folder, which gives a new run; or a module, which is left as it was.
        example: for a module: an input that it runs with.
        data: other data for a run; those of a run that was made from tensors of another process.
        finetune: for a module: called with the cut module, to train it.
        batches: for a module: what criteria look at, pairs of inputs and targets or a loader.
        task: for a module: a task, or a function of outputs and targets, for criteria that look at the loss.
        observers: more watchers of a run's finetuning.
        options: the fields of :class:`Prune`, such as ``criterion="l1", latency=0.5``.

    Returns:
        The new run, or for a module ``.model`` and ``.report``.

    Raises:
        InputError: what is asked for cannot be; no run folder is made then.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    >>> prune(net, torch.zeros(1, 8), criterion="l1", ratio=0.5).model[0]
    Linear(in_features=8, out_features=16, bias=True)
    """
    from torch import nn

    if isinstance(subject, nn.Module):
        from burnish.verbs.pruning.module import prune_module

        if example is None:
            raise InputError("pruning a module needs an example of its input: prune(module, example, ...)")
        settings = build(Prune, **options)
        return prune_module(subject, example, settings, batches=batches, task=task, finetune=finetune)
    from burnish.verbs.pruning.rounds import prune_run

    if not isinstance(subject, str | Path):
        data = subject.data if data is None and "origin" not in subject.config["data"] else data
        own = subject.model if subject.config["model"]["kind"] == "module" else None
        return prune_run(build(Prune, parent=subject.path, **options), data, observers, own)[-1]
    return prune_run(build(Prune, parent=subject, **options), data, observers)[-1]


def command(options: Prune) -> Outcome:
    """Prune from the shell."""
    from burnish.verbs.pruning.rounds import prune_run, resume_run
    from burnish.verbs.pruning.sensitivity import sensitivity_of
    from burnish.verbs.pruning.telling import told_runs, told_sensitivity

    if options.resume is not None:
        return told_runs([resume_run(options, None, ())])
    if options.parent is None:
        raise InputError("nothing to prune: give the folder of a run, such as runs/0003-fit")
    if options.sensitivity:
        return told_sensitivity(options, sensitivity_of(replace(options, quiet=True)))
    return told_runs(prune_run(options, None, ()))
