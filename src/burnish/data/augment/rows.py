"""Random changes of table rows: noise, gaps, and values of other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.mixing import Mixing, Mixup
from burnish.data.augment.operation import Operation
from burnish.data.augment.reading import read_operations
from burnish.data.schema import Schema
from burnish.data.source import Source
from burnish.data.statistics import table_statistics


@dataclass(frozen=True, eq=False)
class Columns:
    """What changes of rows need to know about the training split.

    Args:
        rows: the split itself, ``(rows, columns)`` float32, to take values from.
        mean: of every column, ``(columns,)``.
        std: of every column, ``(columns,)``.
        noisy: columns of numbers that noise may be added to, ``(columns,)`` bool: neither categories nor dates.
        categorical: columns of category codes, ``(columns,)`` bool.
        gaps: columns in which the training split has missing values, ``(columns,)`` bool.
    """

    rows: Tensor
    mean: Tensor
    std: Tensor
    noisy: Tensor
    categorical: Tensor
    gaps: Tensor

    @classmethod
    def of(cls, schema: Schema, source: Source) -> Columns:
        """Read the training split.

        Args:
            schema: says what the columns are; plain vectors count as numbers without gaps.
            source: the training split.

        Raises:
            InputError: the samples are no rows.
        """
        if schema.kind not in ("table", "points"):
            raise InputError(
                f"rows of tables can be changed by {', '.join(OPERATIONS)}, but this is {schema.kind} data"
            )
        kinds = [column.kind for column in schema.columns] or ["numeric"] * schema.input_shape[0]
        gaps = [column.missing for column in schema.columns] or [False] * len(kinds)
        found = table_statistics(source)
        return cls(
            rows=source.gather(torch.arange(len(source)))[0],
            mean=found.mean,
            std=found.std,
            noisy=torch.tensor([kind == "numeric" for kind in kinds]),
            categorical=torch.tensor([kind == "categorical" for kind in kinds]),
            gaps=torch.tensor(gaps),
        )

    def to(self, device: torch.device) -> Columns:
        """The same, held on a device."""
        return Columns(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def values(self, drawn: Tensor) -> Tensor:
        """A value of the training split for every place, ``(batch, columns)``: each of a row of its own.

        Args:
            drawn: numbers in [0, 1), ``(batch, columns)`` float64.
        """
        row = (drawn * len(self.rows)).long().clamp(max=len(self.rows) - 1)
        return self.rows.gather(0, row.to(self.rows.device))


@dataclass(frozen=True, kw_only=True)
class RowOperation(Operation):
    """Changes rows of a table; their targets stay."""

    def change(self, draws: Draws, slot: str, rows: Tensor, columns: Columns) -> Tensor:
        """New rows ``(batch, columns)`` for all samples, happening or not; the given ones are not changed.

        Args:
            draws: the samples' random numbers.
            slot: name of this operation among the others.
            rows: floats, ``(batch, columns)``; NaN where a value is missing.
            columns: what is known of the training split, on the device of the rows.
        """
        raise NotImplementedError


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise InputError(f"share of {name} must lie in [0, 1], got {share}: it is the chance that a value is replaced")


@dataclass(frozen=True, kw_only=True)
class RowNoise(RowOperation):
    """Add normal noise to the numbers; categories, dates and missing values stay.

    Args:
        std: standard deviation of the noise, in standard deviations of the column in the training split.

    Raises:
        InputError: a negative std.
    """

    std: float = 0.1
    name: ClassVar[str] = "row-noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.std < float("inf"):
            raise InputError(f"std of row-noise must be 0 or more, got {self.std}")

    def change(self, draws: Draws, slot: str, rows: Tensor, columns: Columns) -> Tensor:
        noise = draws.normal(slot, rows.shape[1]).to(rows)
        return rows + self.std * noise * columns.std * columns.noisy


@dataclass(frozen=True, kw_only=True)
class RowMask(RowOperation):
    """Hide values.

    A number or date becomes missing where its column has gaps in the training split, as a model for the data then has
    a flag for them; elsewhere it becomes the mean of the training split. A category becomes missing where its column
    has gaps, and that of another row elsewhere: it has no mean.

    Args:
        share: chance of each value to be hidden.

    Raises:
        InputError: a share outside [0, 1].
    """

    share: float = 0.1
    name: ClassVar[str] = "row-mask"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share(self.name, self.share)

    def change(self, draws: Draws, slot: str, rows: Tensor, columns: Columns) -> Tensor:
        width = rows.shape[1]
        hidden = torch.where(columns.categorical, columns.values(draws.uniform(f"{slot}.row", width)), columns.mean)
        hidden = hidden.masked_fill(columns.gaps, float("nan"))
        return torch.where((draws.uniform(slot, width) < self.share).to(rows.device), hidden, rows)


@dataclass(frozen=True, kw_only=True)
class RowSwap(RowOperation):
    """Replace values by those that other rows of the training split have in the same column, categories too.

    Source: Bahri, Jiang, Tay and Metzler 2022, "SCARF: Self-supervised contrastive learning using random feature
    corruption", arXiv:2106.15147, section 3.1: each replaced value is drawn from its column on its own. There a fixed
    number of values of each row is replaced; here each value has the same chance, as in Yoon et al. 2020, "VIME",
    section 4.1.

    Args:
        share: chance of each value to be replaced; 0.6 in SCARF and 0.3 in VIME, to learn without labels.

    Raises:
        InputError: a share outside [0, 1].
    """

    share: float = 0.1
    name: ClassVar[str] = "row-swap"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share(self.name, self.share)

    def change(self, draws: Draws, slot: str, rows: Tensor, columns: Columns) -> Tensor:
        width = rows.shape[1]
        replaced = (draws.uniform(slot, width) < self.share).to(rows.device)
        return torch.where(replaced, columns.values(draws.uniform(f"{slot}.row", width)), rows)


@dataclass(frozen=True)
class RowAugmentation:
    """A list of random operations on rows, one after the other; prepare it with the training split before use.

    What happens to a row depends on (seed, epoch, its number) alone. Operations that mix samples may be listed too;
    :class:`~burnish.data.augment.mixing.Mixing` is what carries them out.

    >>> from burnish.data.source import TensorSource
    >>> schema, source = Schema("points", "regression", (2,)), TensorSource(torch.tensor([[0.0, 5.0], [4.0, 5.0]]))
    >>> hide = RowAugmentation((RowMask(share=1.0),)).prepared(schema, source)
    >>> hide.batch(torch.tensor([[9.0, 9.0]]), Draws(0, 0, torch.tensor([0]))).tolist()
    [[2.0, 5.0]]
    """

    operations: tuple[Operation, ...] = ()
    columns: Columns | None = None

    def __bool__(self) -> bool:
        return bool(self.operations)

    def prepared(self, schema: Schema, source: Source) -> RowAugmentation:
        """The same operations with what they need to know.

        Args:
            schema: that of the data.
            source: the training split, as it is before any change.

        Raises:
            InputError: the samples are no rows, or cannot be mixed.
        """
        Mixing.among(self.operations).check(schema)
        return replace(self, columns=Columns.of(schema, source))

    def to(self, device: torch.device) -> RowAugmentation:
        """The same, for rows on a device."""
        return replace(self, columns=self.columns.to(device) if self.columns else None)

    def batch(self, rows: Tensor, draws: Draws) -> Tensor:
        """Changed rows ``(batch, columns)``; the given ones stay as they are.

        Raises:
            InputError: it was not prepared, or for rows of another width.
        """
        if self.columns is None:
            raise InputError("changes of rows need the training split: prepare the augmentation with it first")
        width = len(self.columns.mean)
        if rows.shape[1:] != (width,):
            raise InputError(f"rows must have the {width} columns of the training split, got {tuple(rows.shape)}")
        for number, operation in enumerate(self.operations):
            if not isinstance(operation, RowOperation):
                continue
            slot = f"{number}.{operation.name}"
            changed = operation.change(draws, slot, rows, self.columns)
            rows = torch.where(operation.happens(draws, slot).to(rows.device)[:, None], changed, rows)
        return rows

    def to_list(self) -> list[dict[str, object]]:
        """The operations as plain data, for a run's config."""
        return [operation.to_dict() for operation in self.operations]


OPERATIONS: dict[str, type[Operation]] = {kind.name: kind for kind in (RowNoise, RowMask, RowSwap, Mixup)}
"""What can happen to rows, by name."""


def parse_rows(spec: str | Sequence[str | Mapping[str, Any]]) -> RowAugmentation:
    """An augmentation of rows from what a recipe or the command line says, not prepared yet.

    Args:
        spec: names with commas between, or a list of names and of tables with a name and fields.

    Raises:
        InputError: a name or field is unknown, or a value cannot be.

    >>> parse_rows([{"name": "row-swap", "share": 0.2}]).operations
    (RowSwap(probability=1.0, share=0.2),)
    """
    return RowAugmentation(read_operations(spec, OPERATIONS))
