"""``burnish models``: the models that have a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError, did_you_mean
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome
from burnish.verbs.interface.table import table

if TYPE_CHECKING:
    from burnish.models.registry import ModelEntry


@dataclass(frozen=True, kw_only=True)
class Models(VerbOptions):
    """List the models that have a name, with their size on an example input."""

    pattern: str = field(default="*", metadata={"positional": True})
    """Shell pattern of names, such as 'res*'."""


def command(options: Models) -> Outcome:
    """One row a model.

    Raises:
        InputError: no name matches the pattern.
    """
    from burnish.models import entry, names

    found = names(options.pattern)
    if not found:
        every = names()
        hint = did_you_mean(options.pattern, every)
        raise InputError(f"no model matches '{options.pattern}'{hint}: expected a pattern for {', '.join(every)}")
    rows = [_row(entry(name)) for name in found]
    header = ["model", "data", "parameters", "counted on", "paper"]
    cells = [
        [row["name"], ", ".join(row["kinds"]), f"{row['parameters']:,}", row["example"], row["paper"]] for row in rows
    ]
    return Outcome(table(header, cells, right=["parameters"]), {"verb": "models", "models": rows})


def _row(entry: ModelEntry) -> dict[str, Any]:
    import torch

    from burnish.models import create

    shape, example = _example(entry)
    with torch.device("meta"):  # shapes without memory: counting must not cost what training costs
        model = create(entry.name, **shape)
    return {
        "name": entry.name,
        "kinds": list(entry.kinds),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "example": example,
        "summary": entry.summary,
        "paper": entry.paper,
        "options": {name: repr(default) for name, default in entry.options.items()},
    }


def _example(entry: ModelEntry) -> tuple[dict[str, Any], str]:
    """Shapes that a model is counted with, and how to say them."""
    if "image" in entry.kinds:
        side = entry.native_size or 32
        return {"num_classes": 10, "in_channels": 3, "input_size": side}, f"3x{side}x{side}, 10 classes"
    if "text" in entry.kinds:
        return {"num_classes": 65, "in_channels": 1}, "65 symbols"
    if "points" in entry.kinds:
        return {"num_classes": 2, "in_channels": 2}, "points in 2 dimensions"
    return {"num_classes": 2, "in_channels": 10}, "10 columns, 2 classes"
