"""Size and cost of every named model: recorded ones for lists that must be quick, counted ones for all else."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.verbs.describing.usual import usual_classes, usual_shapes

if TYPE_CHECKING:
    from burnish.models.registry import ModelEntry

RECORD = Path(__file__).with_name("zoo_counts.json")
"""Parameters and MACs by name, written by ``benchmarks/page_zoo.py``; counting them all takes half a minute."""


@cache
def recorded() -> dict[str, dict[str, int]]:
    """What the record holds; nothing where it is missing."""
    if not RECORD.is_file():
        return {}
    found: dict[str, dict[str, int]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def counted(entry: ModelEntry) -> dict[str, int]:
    """Parameters and MACs of a named model on its usual input, counted without memory."""
    from burnish.verbs.describe import describe

    counts = describe(entry.name).counts
    return {"parameters": counts.parameters, "macs": counts.macs}


def zoo_row(entry: ModelEntry) -> dict[str, Any]:
    """Everything that lists tell of a model, as plain data."""
    numbers = recorded().get(entry.name) or counted(entry)
    kind, shape = next(iter(usual_shapes(entry).items()))
    return {
        "name": entry.name,
        "kinds": list(entry.kinds),
        **numbers,
        "input": list(shape),
        "num_classes": usual_classes(entry),
        "native_size": entry.native_size,
        "weights": [published.source for published in entry.published],
        "summary": entry.summary,
        "paper": entry.paper,
        "family": entry.builder.__module__.rpartition(".")[2],
        "kind": kind,
        "options": {name: repr(default) for name, default in entry.options.items()},
    }


def zoo_rows(names: list[str]) -> list[dict[str, Any]]:
    """The rows of several models, by the year of their paper, paper and size."""
    from burnish.models import entry

    rows = [zoo_row(entry(name)) for name in names]
    return sorted(rows, key=lambda row: (_year(row["paper"]), row["paper"], row["parameters"], row["name"]))


def _year(paper: str) -> int:
    """The year in the name of a paper.

    >>> _year("He et al. 2015, arXiv:1512.03385")
    2015
    """
    found = re.search(r"\b(19|20)\d\d\b", paper)
    return int(found[0]) if found else 9999
