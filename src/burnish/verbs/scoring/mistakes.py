"""The samples that a model got most wrong, in a form that a report can show."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.data.batch import Batch
from burnish.data.source import Source
from burnish.reporting.pictures import data_uri
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.task import Task


def worst(task: Task, evaluation: Evaluation, source: Source, count: int) -> list[dict[str, Any]]:
    """The ``count`` samples of highest loss, worst first; for classification only those that are wrong.

    Returns:
        Plain data, one dict a sample: where it is, truth, prediction, confidence, loss, and a picture, text or row.
    """
    samples = evaluation.samples
    if not samples or count == 0:
        return []
    loss = samples["loss"].clone()
    candidates = torch.arange(len(loss))
    if "truth" in samples and not samples["truth"].is_floating_point():
        candidates = candidates[samples["truth"] != samples["prediction"]]
    chosen = candidates[loss[candidates].argsort(descending=True, stable=True)[:count]]
    if len(chosen) == 0:
        return []
    index = samples["index"][chosen]
    inputs, targets = source.gather(index)
    batch = Batch(inputs, targets, index)
    return [_row(task, evaluation, source, batch, place, int(sample)) for place, sample in enumerate(chosen)]


def _row(task: Task, evaluation: Evaluation, source: Source, batch: Batch, place: int, sample: int) -> dict[str, Any]:
    samples, classes = evaluation.samples, task.schema.classes
    shown = task.show(batch, place)

    def name(column: str) -> str | None:
        if column not in samples:
            return None
        value = samples[column][sample]
        if value.is_floating_point():
            return ", ".join(f"{number:.5g}" for number in value.flatten().tolist())
        return classes[int(value)]

    return {
        "index": int(batch.index[place]),
        "where": source.describe(int(batch.index[place])),
        "truth": name("truth"),
        "prediction": name("prediction"),
        "confidence": samples["confidence"][sample].item() if "confidence" in samples else None,
        "loss": samples["loss"][sample].item(),
        "picture": None if shown.picture is None else data_uri(shown.picture.numpy()),
        "text": shown.text,
        "row": shown.row,
    }


def picture(image: Tensor) -> str:
    """An image ``(C, H, W)`` in [0, 1] as a data URI."""
    return data_uri((image.float().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy())
