"""Samples that were fooled, in pictures: as they were, ten times the change, and attacked."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.attacks.norms import size
from burnish.attacks.suites.suite_result import SuiteResult
from burnish.data.schema import Schema
from burnish.verbs.attacking.samples import Samples
from burnish.verbs.attacking.target import Target
from burnish.verbs.scoring.mistakes import picture

_MOST = 12
_LARGER = 10


def examples(target: Target, samples: Samples, result: SuiteResult, most: int = _MOST) -> list[dict[str, Any]]:
    """Some samples that an attack fooled, of as many classes as there are, with pictures as data URIs.

    Args:
        target: answers what it takes them for now.
        samples: as they were.
        result: what the attacks did to them.
        most: how many.

    Returns:
        Plain data: ``where``, ``truth``, ``answer``, ``attack``, ``distance``, and for images in grey or colour
        ``clean``, ``change`` and ``attacked``.
    """
    from burnish.attacks.black_box.predictor import Predictor

    fooled = (result.fooled_by >= 0).nonzero().flatten()
    chosen = _spread(samples.labels[fooled], most)
    if not len(chosen):
        return []
    chosen = fooled[chosen]
    before, after = samples.inputs[chosen], result.inputs[chosen]
    answers = Predictor(target.answers, name=target.name)(after).tolist()
    distance = size(after - before, result.norm).tolist()
    schema = target.data.schema
    told = []
    for place, number in enumerate(chosen.tolist()):
        told.append(
            {
                "where": samples.names[number],
                "truth": schema.classes[int(samples.labels[number])],
                "answer": schema.classes[answers[place]],
                "attack": result.trials[int(result.fooled_by[number])].attack,
                "distance": distance[place],
                **_shown(schema, before[place], after[place]),
            }
        )
    return told


def _spread(labels: Tensor, most: int) -> Tensor:
    """Places of samples, one of each class in turn."""
    turn = torch.zeros_like(labels)
    for label in labels.unique():
        own = labels == label
        turn[own] = torch.arange(int(own.sum()), device=labels.device)
    return turn.argsort(stable=True)[:most]


def _shown(schema: Schema, before: Tensor, after: Tensor) -> dict[str, Any]:
    if schema.kind == "image" and len(before) in (1, 3, 4):
        change = 0.5 + _LARGER * (after - before)
        return {"clean": picture(before), "change": picture(change), "attacked": picture(after)}
    return {}
