"""Attacks on the rows of a table: each column within its own bounds, measured in its own unit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from burnish.attacks.attack import Attack
from burnish.attacks.goal import Misclassify, Reach
from burnish.attacks.result import AttackResult
from burnish.common.errors import InputError, unknown
from burnish.common.module_state import untouched
from burnish.data.data import Data
from burnish.data.statistics import table_statistics


@dataclass(frozen=True)
class RowLimits:
    """What an attack may do to the columns of a table, ``(columns,)`` each.

    Attributes:
        low: smallest value.
        high: largest value.
        scale: unit in which a change is measured, such as the standard deviation.
        frozen: which columns keep their values, categories for example.
    """

    low: Tensor
    high: Tensor
    scale: Tensor
    frozen: Tensor

    def __post_init__(self) -> None:
        shapes = {tuple(part.shape) for part in (self.low, self.high, self.scale, self.frozen)}
        if len(shapes) > 1 or self.low.ndim != 1:
            raise InputError(f"limits need one number a column, each (columns,), got shapes {sorted(shapes)}")
        if not bool((self.low <= self.high).all()) or not bool((self.scale > 0).all()):
            raise InputError("limits need low <= high and a positive scale in every column")
        if bool(self.frozen.all()):
            raise InputError("every column is frozen, which leaves nothing to attack: an attack needs numeric columns")


def row_limits(data: Data, frozen: Collection[str] = ()) -> RowLimits:
    """Limits from the training split: its smallest and largest value of each column, in units of its deviation.

    Args:
        data: a table.
        frozen: names of columns that an attacker cannot change, beside the categorical ones: an age, say.

    Raises:
        InputError: no table, no such column, or nothing is left to change.
    """
    if data.schema.kind != "table":
        raise InputError(f"limits of rows are those of a table, and {data.name} is {data.schema.kind} data")
    names = [column.name for column in data.schema.columns]
    for name in frozen:
        if name not in names:
            raise unknown("column", name, names)
    rows = data.train.gather(torch.arange(len(data.train)))[0]
    gaps = rows.isnan()
    fixed = torch.tensor([c.kind == "categorical" or c.name in frozen for c in data.schema.columns]) | gaps.all(dim=0)
    return RowLimits(
        low=torch.where(gaps, torch.inf, rows).amin(dim=0).masked_fill(fixed, 0),
        high=torch.where(gaps, -torch.inf, rows).amax(dim=0).masked_fill(fixed, 0),
        scale=table_statistics(data.train).std.masked_fill(fixed, 1),
        frozen=fixed,
    )


class ScaledRows(nn.Module):
    """A model of rows, seen by an attack: columns in units of their scale, and beside each a flag where it is missing.

    Args:
        model: any module that takes raw rows ``(N, columns)``, NaN for missing.
        limits: the columns' units, and which of them have no gradient.

    Shape:
        input ``(N, 2 columns)``, from :meth:`encode`; output that of the model.

    >>> limits = RowLimits(torch.zeros(2), torch.ones(2), torch.tensor([4.0, 1.0]), torch.tensor([False, True]))
    >>> encoded = ScaledRows.encode(torch.tensor([[2.0, 3.0], [torch.nan, 1.0]]), limits)
    >>> encoded.tolist()
    [[0.5, 3.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]]
    >>> ScaledRows(nn.Identity(), limits)(encoded).tolist()
    [[2.0, 3.0], [nan, 1.0]]
    """

    scale: Tensor
    frozen: Tensor

    def __init__(self, model: nn.Module, limits: RowLimits) -> None:
        super().__init__()
        self.model = model
        device = next(model.parameters(), limits.scale).device
        self.register_buffer("scale", limits.scale.to(device), persistent=False)
        self.register_buffer("frozen", limits.frozen.to(device), persistent=False)
        self.training = model.training  # attacks refuse a model in training mode: this module has no mode of its own

    @staticmethod
    def encode(rows: Tensor, limits: RowLimits) -> Tensor:
        """Rows ``(N, columns)`` as an attack sees them ``(N, 2 columns)``; NaN would spread through its arithmetic."""
        gaps = rows.isnan()
        return torch.cat([rows.masked_fill(gaps, 0) / limits.scale.to(rows), gaps.to(rows.dtype)], dim=1)

    def decode(self, encoded: Tensor) -> Tensor:
        """The inverse of :meth:`encode`, up to rounding; exact in frozen columns."""
        values, gaps = encoded.chunk(2, dim=1)
        values = torch.where(self.frozen, values.detach(), values) * self.scale
        return values.masked_fill(gaps.detach() > 0.5, torch.nan)

    def forward(self, encoded: Tensor) -> Tensor:
        answer: Tensor = self.model(self.decode(encoded))
        return answer


def attack_rows(
    attack: Attack, limits: RowLimits, rows: Tensor, labels: Tensor, targets: Tensor | None = None
) -> AttackResult:
    """Attack rows of a table within the limits of its columns.

    Categories and missing cells stay as they are. A cell that lies outside the limits already may stay there, or come
    back. Whole numbers do not stay whole: freeze a column where that matters.

    Args:
        attack: any white-box attack on a model of raw rows, with ``eps`` in units of each column's scale; the limits
            take the place of its ``bounds``.
        limits: from :func:`row_limits`.
        rows: ``(N, columns)``, NaN for missing.
        labels: classes ``(N,)``, or what the attack's goal takes, such as numbers for :class:`~burnish.attacks.Exceed`.
        targets: classes to reach ``(N,)``; any wrong one without.

    Returns:
        What came of each row: ``inputs`` are raw rows, ``distance`` is in units of the scale.

    Raises:
        InputError: rows of another width, or what the attack raises.
    """
    if rows.ndim != 2 or rows.shape[1] != len(limits.scale):
        raise InputError(f"expected rows (N, {len(limits.scale)}), got {tuple(rows.shape)}: one number for each column")
    held = limits.frozen.to(rows.device)
    floor = torch.where(held, rows, torch.minimum(limits.low.to(rows), rows))
    ceiling = torch.where(held, rows, torch.maximum(limits.high.to(rows), rows))
    encoded, low, high = (ScaledRows.encode(part, limits) for part in (rows, floor, ceiling))
    seen = ScaledRows(attack.model, limits)
    result = replace(attack, model=seen, bounds=(low, high)).run(encoded, labels, targets)
    made = seen.decode(result.inputs.to(seen.scale.device)).to(rows.device)
    made = torch.minimum(torch.maximum(made, floor), ceiling)
    moved = (result.inputs != encoded).chunk(2, dim=1)[0]
    made = torch.where(moved, made, rows)  # to the last bit where nothing moved
    success = _fooled(attack, made, labels if targets is None else targets, targets is not None)
    return replace(result, inputs=made, success=success, queries=result.queries + 1)


def _fooled(attack: Attack, rows: Tensor, wanted: Tensor, targeted: bool) -> Tensor:
    """What counts is the row as it is given back, which rounding may have moved over the border again."""
    goal = attack.goal or (Reach() if targeted else Misclassify())
    found = []
    with torch.no_grad(), untouched(attack.model):
        for start in range(0, len(rows), attack.batch_size):
            part = attack.problem(rows, wanted, goal, start, min(start + attack.batch_size, len(rows)))
            found.append(part.fooled(part.output(part.inputs)))
    return torch.cat(found).to(rows.device)
