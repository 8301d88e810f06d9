"""The first layer of a table model: numbers standardised, gaps flagged, categories one-hot."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.normalise import statistics_pair


class TableInput(nn.Module):
    """Turn raw table rows into features that any model can take.

    Numbers are standardised with the training split's statistics; a missing one (NaN) becomes the training mean, which
    is 0, and sets a flag where its column had gaps in training. A category becomes one-hot with a last slot for
    missing, unknown and negative codes. Differentiable in the numbers.

    Args:
        numeric: positions of numbers and dates among the columns.
        categorical: position and number of categories of each of the other columns.
        mean: training mean of every column ``(columns,)``; those of categorical columns are not used.
        std: training standard deviation of every column ``(columns,)``.
        missing: those of ``numeric`` that get a flag.

    Shape:
        input ``(batch, columns)``; output ``(batch, width)``: numbers, flags, one-hot groups, each in the order given.

    Raises:
        InputError: positions are not ``0 .. columns - 1``, statistics do not fit them, or rows have another width.

    >>> layer = TableInput([0], [(1, 2)], mean=torch.tensor([4.0, 0.0]), std=torch.tensor([2.0, 1.0]), missing=[0])
    >>> layer(torch.tensor([[6.0, 1.0], [torch.nan, -1.0]])).tolist()
    [[1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0]]
    """

    mean: Tensor
    std: Tensor
    numeric: Tensor
    flagged: Tensor
    categorical: Tensor
    sizes: Tensor
    slot_column: Tensor
    slot_code: Tensor

    def __init__(
        self,
        numeric: Sequence[int],
        categorical: Sequence[tuple[int, int]],
        mean: Tensor | Sequence[float],
        std: Tensor | Sequence[float],
        missing: Sequence[int] = (),
    ) -> None:
        super().__init__()
        positions = [*numeric, *(position for position, _ in categorical)]
        self.columns = len(positions)
        if sorted(positions) != list(range(self.columns)):
            raise InputError(f"column positions must be 0 to {self.columns - 1}, each once, got {positions}")
        if not set(missing) <= set(numeric):
            raise InputError(f"flags for missing values need numeric columns ({list(numeric)}), got {list(missing)}")
        mean, std = statistics_pair(mean, std)
        if len(mean) != self.columns:
            raise InputError(f"mean and std must have one number a column ({self.columns}), got {len(mean)}")
        sizes = [size for _, size in categorical]
        self.width = len(numeric) + len(missing) + sum(sizes) + len(sizes)

        index = torch.tensor(list(numeric), dtype=torch.int64)
        self.register_buffer("mean", mean[index])
        self.register_buffer("std", std[index])
        # What follows is structure, rebuilt from the arguments, so it stays out of the state dict.
        structure = {
            "numeric": list(numeric),
            "flagged": [list(numeric).index(position) for position in missing],
            "categorical": [position for position, _ in categorical],
            "sizes": sizes,
            "slot_column": [column for column, size in enumerate(sizes) for _ in range(size + 1)],
            "slot_code": [code for size in sizes for code in range(size + 1)],
        }
        for name, values in structure.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.int64), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        if rows.ndim != 2 or rows.shape[1] != self.columns:
            raise InputError(f"expected rows of shape (batch, {self.columns}), got {tuple(rows.shape)}")
        numbers = rows[:, self.numeric]
        gaps = numbers.isnan()
        standardised = torch.where(gaps, 0.0, (numbers - self.mean) / self.std)
        codes = rows[:, self.categorical]
        known = (codes >= 0) & (codes < self.sizes)  # False for NaN as well
        codes = torch.where(known, codes, self.sizes.to(codes.dtype))
        one_hot = codes[:, self.slot_column] == self.slot_code
        return torch.cat([standardised, gaps[:, self.flagged].to(rows.dtype), one_hot.to(rows.dtype)], dim=1)

    def extra_repr(self) -> str:
        return f"numeric={len(self.numeric)}, categorical={len(self.sizes)}, width={self.width}"
