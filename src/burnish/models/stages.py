"""The stages of any model, from where the input comes in to where the answer comes out."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from burnish.models.image_model import ImageModel
from burnish.models.with_input import WithInput


@dataclass(frozen=True)
class Stage:
    """A part of a model that transfer learning treats as one.

    Attributes:
        name: what a user calls it.
        parameters: names of its parameters in the whole model.
        modules: names of its modules in the whole model, containers included.
    """

    name: str
    parameters: tuple[str, ...]
    modules: tuple[str, ...]


def stages(model: nn.Module) -> tuple[Stage, ...]:
    """The stages of a model in order; the last is the head.

    Image models of the zoo say what theirs are. In any other module every child with parameters is one, in the order
    of definition, the last taken for the head; a module that only wraps another is looked through, and parameters of
    its own go with the first stage. A module that has just one stage cannot be divided.

    >>> [stage.name for stage in stages(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))]
    ['0', '2']
    """
    whole, prefix = model, ""
    while True:
        if isinstance(model, WithInput):
            prefix, model = f"{prefix}model.", model.model
            continue
        children = [(name, child) for name, child in model.named_children() if any(True for _ in child.parameters())]
        own = any(True for _ in model.parameters(recurse=False))
        if isinstance(model, ImageModel) or len(children) != 1 or own:
            break
        prefix, model = f"{prefix}{children[0][0]}.", children[0][1]
    named: dict[str, tuple[str, ...]] = {name: (name,) for name, _ in children}
    if isinstance(model, ImageModel):
        named = model.stages()
    return _fill(named, whole, prefix)


def _fill(named: dict[str, tuple[str, ...]], model: nn.Module, prefix: str) -> tuple[Stage, ...]:
    owner = {prefix + part: stage for stage, parts in named.items() for part in parts}
    order = tuple(named) or ("all",)
    parameters: dict[str, list[str]] = {stage: [] for stage in order}
    modules: dict[str, list[str]] = {stage: [] for stage in order}
    for name, _ in model.named_parameters():
        parameters[_owner(name, owner) or order[0]].append(name)
    for name, _ in model.named_modules():
        stage = _owner(name, owner)
        if stage is not None:
            modules[stage].append(name)
    return tuple(Stage(stage, tuple(parameters[stage]), tuple(modules[stage])) for stage in order)


def _owner(name: str, owner: dict[str, str]) -> str | None:
    parts = name.split(".")
    prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((owner[prefix] for prefix in prefixes if prefix in owner), None)
