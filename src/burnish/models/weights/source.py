"""What a user types to name weights: a set that a library has published, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from burnish.common.errors import InputError, did_you_mean
from burnish.models.published import Published
from burnish.models.registry import ModelEntry, canonical, entry, names

EXPECTED = "torchvision:NAME, timm:NAME.TAG, or a .pth, .pt, .th or .safetensors file"


@dataclass(frozen=True)
class Source:
    """Where weights come from.

    Attributes:
        hub: who publishes them; ``file`` for a file of the user's.
        name: of the set at its publisher's, or the path.
    """

    hub: Literal["torchvision", "timm", "file"]
    name: str

    def __str__(self) -> str:
        return self.name if self.hub == "file" else f"{self.hub}:{self.name}"


def parse(text: str | Path) -> Source:
    """Read a source.

    Raises:
        InputError: the publisher is not one of those known, or the name is not whole.

    >>> parse("timm:resnet50.a1_in1k")
    Source(hub='timm', name='resnet50.a1_in1k')
    """
    if isinstance(text, Path):
        return Source("file", str(text))
    hub, colon, name = text.partition(":")
    if not colon or Path(text).suffix in (".pth", ".pt", ".th", ".safetensors") or Path(text).exists():
        if not text:
            raise InputError(f"weights are named by an empty text: expected {EXPECTED}")
        return Source("file", text)
    if hub == "torchvision" and name:
        return Source("torchvision", name)
    if hub == "timm" and name:
        if "." not in name:
            known = [found.source for found in _published() if found.source.startswith(f"timm:{name}.")]
            hint = f": known are {', '.join(known)}" if known else f", such as timm:{name}.a1_in1k"
            raise InputError(f"'{text}' lacks the tag that says which training it comes from{hint}")
        return Source("timm", name)
    hint = did_you_mean(hub, ["torchvision", "timm"])
    raise InputError(f"unknown weights '{text}'{hint}: expected {EXPECTED}")


def published(source: Source, model: ModelEntry | None = None) -> Published | None:
    """What the registry knows about a source.

    Args:
        source: as :func:`parse` gives it.
        model: the model that the weights are for, where it is a named one. Sets of torchvision must be its own; those
            of timm, whose names differ, may be any, since the shapes decide.

    Returns:
        The entry, or None for what no model lists: a file, a tag of timm.

    Raises:
        InputError: torchvision publishes no such set, or not for this model.
    """
    if source.hub == "file":
        found = [known for known in _published() if known.file and known.file == Path(source.name).name]
        return found[0] if found else None
    wanted = canonical(str(source))
    for known in model.published if model else _published():
        if canonical(known.source) == wanted:
            return known
    if source.hub == "timm":
        return None
    own = ", ".join(known.source for known in model.published) if model else ""
    other = model_of(source)
    if model and other:
        known_here = f"known for it are {own}" if own else "none are known for it"
        raise InputError(f"{source} are weights of {other}, not of {model.name}: {known_here}")
    if own:
        raise InputError(f"unknown weights '{source}': known for {model.name if model else ''} are {own}")
    if model:
        raise InputError(f"unknown weights '{source}': none are known for {model.name}; expected {EXPECTED}")
    every = sorted({known.source for known in _published() if known.file})
    hint = did_you_mean(str(source), every)
    raise InputError(f"unknown weights '{source}'{hint}: expected one of {', '.join(every)}")


def model_of(source: Source) -> str | None:
    """The named model that lists a published set; None where none does.

    >>> model_of(parse("torchvision:resnet18"))
    'resnet18'
    """
    wanted = canonical(str(source))
    for name in names():
        if any(canonical(known.source) == wanted for known in entry(name).published):
            return name
    return None


def _published() -> list[Published]:
    return [known for name in names() for known in entry(name).published]
