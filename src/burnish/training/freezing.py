"""Which stages of a model learn, and from which epoch on: transfer learning by stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from torch import nn

from burnish.common.errors import InputError
from burnish.models.stages import Stage, stages
from burnish.training.options import TrainingOptions


class Freezing:
    """Keep stages from learning, for good or for some epochs.

    A frozen stage gets no gradients, no weight decay, and its BatchNorms keep their running statistics: a BatchNorm
    that went on averaging would change a layer that is meant to stay. ``probe_epochs`` trains the head alone first
    (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution",
    arXiv:2202.10054); ``unfreeze_epochs`` lets one stage more learn at a time, from the head down (Howard and Ruder
    2018, "Universal Language Model Fine-tuning", arXiv:1801.06146, section 3.3).

    Args:
        module: the model; it is changed by :meth:`begin` and set right again by :meth:`restore`.
        options: ``freeze``, ``probe_epochs``, ``unfreeze_epochs`` and ``epochs`` are read.

    Raises:
        InputError: no stage has such a name, nothing would be left to learn, or the epochs do not suffice.
    """

    def __init__(self, module: nn.Module, options: TrainingOptions) -> None:
        self.module = module
        self._probe, self._pace = options.probe_epochs, options.unfreeze_epochs
        self.changes = self._probe > 0 or self._pace is not None
        self.stages: tuple[Stage, ...] = ()
        self.frozen: frozenset[str] = frozenset()
        self._before: dict[str, bool] = {}
        if options.freeze is None and not self.changes:
            return
        self.stages = stages(module)
        names = [stage.name for stage in self.stages]
        if len(names) < 2:
            raise InputError(
                f"{type(module).__name__} has a single stage, so nothing can be frozen: set requires_grad by hand"
            )
        self.frozen = _named(options.freeze, names)
        if len(self.frozen) == len(names):
            raise InputError(f"freeze '{options.freeze}' leaves nothing to learn: the stages are {', '.join(names)}")
        for name in ("probe_epochs", "unfreeze_epochs"):
            epochs = getattr(options, name)
            if epochs and epochs >= options.epochs:
                raise InputError(
                    f"{name} {epochs} leaves no epoch for the rest of the model: raise --epochs above {epochs}, "
                    "or freeze for good with --freeze backbone"
                )
        if self.changes and names[-1] in self.frozen:
            raise InputError(f"the head is frozen for good, so there is nothing to begin with: leave {names[-1]} out")
        if self.changes and len(self.frozen) == len(names) - 1:
            raise InputError("the backbone is frozen for good, so nothing would ever be unfrozen: leave --freeze out")

    def frozen_at(self, epoch: int) -> frozenset[str]:
        """Names of the stages that do not learn in an epoch."""
        names = [stage.name for stage in self.stages]
        learning = 1
        if self._pace is not None:
            learning = 1 + epoch // self._pace
        elif epoch >= self._probe:
            learning = len(names)
        return self.frozen | frozenset(names[: max(0, len(names) - learning)])

    @contextmanager
    def lasting(self) -> Iterator[None]:
        """Inside, only what never learns is frozen: what optimizers and wrappers must not take up."""
        self._set(self.frozen)
        try:
            yield
        finally:
            self.restore()

    def begin(self, epoch: int) -> bool:
        """Freeze what does not learn in this epoch, in training mode already; True where gradients flow otherwise now.

        A wrapper that counts on every gradient has to be made anew then.
        """
        if not self.stages:
            return False
        frozen = self.frozen_at(epoch)
        changed = self._set(frozen)
        for stage in self.stages:
            if stage.name in frozen:
                for name in stage.modules:
                    module = self.module.get_submodule(name)
                    if isinstance(module, nn.modules.batchnorm._BatchNorm):
                        module.training = False
        return changed

    def restore(self) -> None:
        """Give every parameter the ``requires_grad`` that it came with."""
        for name, parameter in self.module.named_parameters():
            if name in self._before:
                parameter.requires_grad_(self._before[name])
        self._before = {}

    def _set(self, frozen: frozenset[str]) -> bool:
        parameters = dict(self.module.named_parameters())
        changed = False
        for stage in self.stages:
            for name in stage.parameters:
                wanted = self._before.setdefault(name, parameters[name].requires_grad) and stage.name not in frozen
                changed = changed or wanted != parameters[name].requires_grad
                parameters[name].requires_grad_(wanted)
        return changed

    def __str__(self) -> str:
        """What a user should be told, or nothing."""
        if not self.stages:
            return ""
        head = self.stages[-1].name
        sentences = []
        if self.frozen:
            sentences.append(f"frozen: {', '.join(s.name for s in self.stages if s.name in self.frozen)}")
        if self._pace is not None:
            sentences.append(f"learning: {head}, and one stage more every {self._pace} epochs")
        elif self._probe:
            sentences.append(f"learning: {head} alone for {self._probe} epochs, then everything that is not frozen")
        return "; ".join(sentences)


def stage_rates(module: nn.Module, decay: float) -> dict[str, float]:
    """Factor on the learning rate by name of parameter: 1 for the head, ``decay`` times less for each stage before it.

    Source: Howard and Ruder 2018, arXiv:1801.06146, section 3.1 (discriminative fine-tuning, with 1 / 2.6); Bao et al.
    2022, "BEiT", arXiv:2106.08254, appendix (layer-wise decay, 0.65 to 0.9).

    Raises:
        InputError: the model has a single stage.

    >>> stage_rates(nn.Sequential(nn.Linear(2, 3, bias=False), nn.Linear(3, 1, bias=False)), 0.5)
    {'0.weight': 0.5, '1.weight': 1.0}
    """
    parts = stages(module)
    if len(parts) < 2:
        raise InputError(f"{type(module).__name__} has a single stage, so layer_decay has no effect: leave it out")
    return {
        name: decay ** (len(parts) - 1 - position) for position, part in enumerate(parts) for name in part.parameters
    }


def _named(freeze: str | None, names: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for word in (part.strip() for part in (freeze or "").split(",")):
        if not word:
            continue
        matching = names[:-1] if word == "backbone" else [name for name in names if fnmatchcase(name, word)]
        if not matching:
            raise InputError(f"no stage is called '{word}': expected backbone, or some of {', '.join(names)}")
        found.update(matching)
    if freeze is not None and not found:
        raise InputError(f"freeze names no stage: expected backbone, or some of {', '.join(names)}")
    return frozenset(found)
