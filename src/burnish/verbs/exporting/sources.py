"""What of a run is exported, and real inputs to try it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.loaders.loader import evaluation_loader
from burnish.runs.run import Run
from burnish.runs.subject import Subject
from burnish.tasks import Gan


@dataclass(frozen=True)
class Probe:
    """A module and inputs ``(samples, *shape)`` for it.

    Attributes:
        module: what is exported.
        inputs: at least one sample.
        about: what they are, in the plural.
        notes: what a user should know.
    """

    module: nn.Module
    inputs: Tensor
    about: str
    notes: tuple[str, ...] = ()


def probe_of(subject: Subject, count: int, data: Any) -> Probe:
    """The model and validation samples; of a GAN the generator and noise.

    Args:
        subject: the run, ready to use.
        count: samples at most.
        data: other data for the check; None for the run's own. Where those cannot be loaded here, random inputs of the
            same shape stand in, and a note says so.

    Raises:
        InputError: ``data`` cannot be loaded or do not fit, or a generative model has no ``noise``.
    """
    if isinstance(subject.run.task, Gan):
        return _generator_of(subject, count)
    notes: tuple[str, ...] = ()
    try:
        inputs, split = _real(subject, count, data)
    except InputError as error:
        if data is not None:
            raise
        inputs, split = _made_up(subject.run, count).to(subject.device), "random"
        notes = (f"checked on random inputs, since the run's data cannot be loaded here: {error}",)
    about = {"text": "windows"}.get(subject.run.schema.kind, "samples") if split != "random" else "inputs"
    return Probe(subject.model, inputs, f"{split} {about}", notes)


def _real(subject: Subject, count: int, data: Any) -> tuple[Tensor, str]:
    from burnish.verbs.scoring.other_data import other_data, own_data

    found = own_data(subject.run) if data is None else other_data(subject.run, data)
    splits = (("validation", found.validation), ("test", found.test), ("training", found.train))
    name, source = next((name, source) for name, source in splits if len(source))
    parts, have = [], 0
    for batch in evaluation_loader(source, min(count, 256), device=subject.device):
        parts.append(batch.inputs)
        have += len(batch)
        if have >= count:
            break
    return torch.cat(parts)[:count], name


def _made_up(run: Run, count: int) -> Tensor:
    schema, rng = run.schema, generator(0, "export")
    shape = (min(count, 32), *schema.input_shape)
    if schema.kind == "text":
        return torch.randint(len(schema.vocabulary), shape, generator=rng)
    if schema.kind == "table":
        columns = [
            torch.randint(len(column.categories), shape[:1], generator=rng).float()
            if column.categories
            else torch.randn(shape[:1], generator=rng)
            for column in schema.columns
        ]
        return torch.stack(columns, dim=1) if columns else torch.randn(shape, generator=rng)
    return torch.rand(shape, generator=rng)


def _generator_of(subject: Subject, count: int) -> Probe:
    held = getattr(subject.model, "model", None)
    inner: Any = held if isinstance(held, nn.Module) else subject.model
    noise = getattr(inner, "noise", None)
    if not callable(noise):
        raise InputError(
            f"exporting the generator of {type(inner).__name__} needs its method noise(count, generator=None), "
            "which says what goes in"
        )
    inputs = noise(count, generator(0, "export")).to(subject.device)
    return Probe(inner.generator, inputs, "draws of noise", ("the generator is exported: noise in, samples out",))
