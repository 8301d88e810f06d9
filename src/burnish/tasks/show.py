"""Turning one input into something a person can look at."""

from __future__ import annotations

import math

import torch

from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.task import Shown


def show_input(schema: Schema, batch: Batch, position: int) -> Shown:
    """One input of a batch by its kind: a picture, the columns of a row, or a text.

    >>> from burnish.data.batch import Batch
    >>> batch = Batch(torch.tensor([[1, 0, 1]]), None, torch.tensor([0]))
    >>> show_input(Schema("text", "language-modelling", (3,), vocabulary=("a", "b")), batch, 0).text
    'bab'
    """
    sample = batch.inputs[position].detach().cpu()
    if schema.kind == "image":
        picture = (sample.float().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
        return Shown(picture=picture)
    if schema.kind == "text":
        return Shown(text="".join(schema.vocabulary[int(code)] for code in sample))
    if schema.kind == "table":
        return Shown(
            row={
                column.name: _cell(column.categories, float(value))
                for column, value in zip(schema.columns, sample, strict=True)
            }
        )
    return Shown(text=", ".join(f"{float(value):.4g}" for value in sample.flatten()[:16]))


def _cell(categories: tuple[str, ...], value: float) -> str:
    if math.isnan(value):
        return "missing"
    if categories:
        return categories[int(value)] if 0 <= int(value) < len(categories) else "not seen in training"
    return f"{value:.6g}"
