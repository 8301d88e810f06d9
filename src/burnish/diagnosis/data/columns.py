"""Columns that carry nothing, or too little, or a number of their own for every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from burnish.data.tables.columns import clean, kind_of
from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted

if TYPE_CHECKING:
    import polars as pl

_MOSTLY = 0.5
_FEWEST = 20


def column_findings(frame: pl.DataFrame) -> list[Finding]:
    """Constant, mostly missing, identifier-like and repeated columns among the inputs of a table.

    >>> import polars as pl
    >>> [finding.code for finding in column_findings(pl.DataFrame({"a": [1, 2, 3], "b": [5, 5, 5]}))]
    ['constant-columns']
    """
    columns = [clean(series) for series in frame]
    rows = max(1, frame.height)
    constant = [series.name for series in columns if series.n_unique() <= 1]
    varying = [series for series in columns if series.n_unique() > 1]
    gaps = [(series.null_count() / rows, series.name) for series in varying]
    missing = [f"{name}: {share:.1%} missing" for share, name in sorted(gaps, reverse=True) if share > _MOSTLY]
    identifiers = [series.name for series in varying if _is_identifier(series)]
    return [
        *_finding(
            "constant-columns",
            constant,
            len(columns),
            ("column never varies", "columns never vary"),
            "They carry no information; loading leaves out those that never vary in the training split.",
            "Remove them, or find out why they were not filled.",
        ),
        *_finding(
            "mostly-missing-columns",
            missing,
            len(columns),
            ("column is mostly missing", "columns are mostly missing"),
            "A model learns from the gap itself, which may mean something else in use.",
            "Remove them, or make sure that gaps have the same cause wherever the model is used.",
        ),
        *_finding(
            "identifier-columns",
            identifiers,
            len(columns),
            ("column looks like an identifier", "columns look like identifiers"),
            "Every row has its own value, counting up or as text: nothing in it holds for new rows.",
            "Remove them; keep them aside to find rows again.",
        ),
        *_finding(
            "repeated-columns",
            _repeated(varying),
            len(columns),
            ("column repeats another", "columns repeat another"),
            "The same numbers twice teach nothing more, and importances are shared between the two.",
            "Keep one of each.",
            "info",
        ),
    ]


def _finding(
    code: str,
    names: Sequence[str],
    columns: int,
    what: tuple[str, str],
    meaning: str,
    advice: str,
    severity: str = "warning",
) -> list[Finding]:
    if not names:
        return []
    return [
        Finding(
            code,
            "info" if severity == "info" else "warning",
            counted(len(names), *what),
            len(names),
            len(names) / columns,
            meaning,
            advice,
            tuple(Example(note=name) for name in names[:EXAMPLES]),
            "columns",
        )
    ]


def _is_identifier(series: pl.Series) -> bool:
    """All different, and text, or whole numbers that count up or leave hardly a gap."""
    import polars as pl

    present = series.drop_nulls()
    if len(present) < _FEWEST or present.n_unique() < len(present):
        return False
    kind = kind_of(series)
    if kind == "categorical":
        return True
    if kind != "numeric":
        return False
    numbers = present.cast(pl.Float64)
    if not bool((numbers % 1 == 0).all()):
        return False
    low, high = numbers.min(), numbers.max()
    assert isinstance(low, float)
    assert isinstance(high, float)
    return numbers.is_sorted() or high - low + 1 <= 1.2 * len(numbers)


def _repeated(columns: Sequence[pl.Series]) -> list[str]:
    first: dict[int, pl.Series] = {}
    told = []
    for series in columns:
        key = int(series.hash(0).sum() or 0)
        if key in first and first[key].rename("").equals(series.rename(""), check_dtypes=True):
            told.append(f"{series.name} = {first[key].name}")
        else:
            first.setdefault(key, series)
    return told
