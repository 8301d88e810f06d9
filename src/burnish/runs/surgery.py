"""How a run remembers what was cut out of its model: plain data that cuts a fresh one alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.common.files import write_atomically

if TYPE_CHECKING:
    from torch import nn

SURGERY_FILE = "surgery.json"

Stage = dict[str, Any]
"""One pruning: its ``level`` (filter, layer or weight) and its ``steps``. Those of parents come first."""


def write_surgery(folder: Path, stages: Sequence[Stage]) -> None:
    """Write ``surgery.json`` into a run folder."""
    write_atomically(folder / SURGERY_FILE, json.dumps(list(stages), separators=(",", ":")))


def read_surgery(folder: Path) -> list[Stage]:
    """The prunings of a run, in their order.

    Raises:
        InputError: the file is missing or damaged.
    """
    file = folder / SURGERY_FILE
    try:
        stages = json.loads(file.read_text(encoding="utf-8"))
        if not all(isinstance(stage["steps"], list) and isinstance(stage["level"], str) for stage in stages):
            raise ValueError("a stage has a level and a list of steps")
    except FileNotFoundError:
        raise InputError(f"run {folder} has no {SURGERY_FILE}, so its pruned model cannot be rebuilt") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is damaged: {error}; prune the parent again") from None
    return list(stages)


def rebuild_(model: nn.Module, stages: Sequence[Stage]) -> None:
    """Cut a fresh model as the one of the run was cut.

    Raises:
        InputError: the stages do not fit the model.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> rebuild_(net, [])
    """
    for stage in stages:
        if stage["level"] == "filter":
            from burnish.pruning.graph.surgery import replay_

            replay_(model, stage["steps"])
        elif stage["level"] == "layer":
            from burnish.pruning.layers.removing import replay_blocks_

            replay_blocks_(model, stage["steps"])
        elif stage["level"] != "weight":  # those are zeros in the weights, and change no shape
            raise InputError(f"a pruning of level '{stage['level']}' is not known: expected filter, layer or weight")
