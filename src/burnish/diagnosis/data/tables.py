"""What is wrong with a table: its columns, equal rows, columns that give the target away, drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.schema import Schema
from burnish.diagnosis.data.columns import column_findings
from burnish.diagnosis.data.drift import category_drift, numeric_drift, told_apart
from burnish.diagnosis.data.duplicates import Wording, duplicate_findings, expected_by_chance
from burnish.diagnosis.data.finding import Finding
from burnish.diagnosis.data.groups import equal_groups
from burnish.diagnosis.data.leakage import leakage_findings
from burnish.diagnosis.data.samples import Samples

if TYPE_CHECKING:
    import polars as pl

_ROWS = Wording("row", "an exact copy", "exact copies", same="the same values")


def table_findings(
    rows: NDArray[np.float32],
    target: NDArray[Any],
    samples: Samples,
    schema: Schema,
    *,
    drawn: bool,
    frame: pl.DataFrame | None = None,
) -> list[Finding]:
    """Everything that can be said of rows of numbers and categories.

    Args:
        rows: encoded inputs, ``(rows, columns)``, NaN for missing.
        target: class or number of each row.
        samples: the same rows.
        schema: what the columns are.
        drawn: the splits were drawn by burnish, not given.
        frame: the inputs as they lie in the file, with the columns that loading leaves out; None makes one of ``rows``.
    """
    import polars as pl

    names = [column.name for column in schema.columns] or [f"f{number}" for number in range(rows.shape[1])]
    if frame is None:
        frame = pl.DataFrame({name: column for name, column in zip(names, rows.T, strict=True)})
    found = column_findings(frame)
    if schema.goal != "generation":
        is_class = schema.goal == "classification"
        found += leakage_findings(rows, target, names, is_class=is_class)
    groups = equal_groups(_digests(rows))
    by_chance = expected_by_chance(groups, rows)
    found += duplicate_findings(groups, samples, _ROWS, drawn=drawn, by_chance=by_chance)
    kinds = [column.kind for column in schema.columns] or ["numeric"] * len(names)
    columns = dict(zip(names, rows.T, strict=True))
    numeric = {name: columns[name] for name, kind in zip(names, kinds, strict=True) if kind != "categorical"}
    categories = {name: columns[name] for name, kind in zip(names, kinds, strict=True) if kind == "categorical"}
    gaps = {f"gaps in {name}": np.isnan(values) for name, values in columns.items() if np.isnan(values).any()}
    drift = numeric_drift(numeric, samples) + category_drift(categories | gaps, samples)
    return found + (drift or told_apart(rows, samples))


def _digests(rows: NDArray[np.float32]) -> NDArray[Any]:
    """One key a row, equal where the rows are; all gaps and both zeros are alike."""
    plain = np.ascontiguousarray(rows, np.float32) + 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1])))[:, 0]
