"""The report page: one HTML file that needs nothing else, neither a network nor JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from burnish.common.errors import InputError
from burnish.reporting.figures.intervals import Entry, intervals
from burnish.reporting.headline import watched
from burnish.reporting.record import read_record
from burnish.reporting.section import section
from burnish.reporting.table import laid_out, summary_row
from burnish.reporting.templating import environment, write_page


def write_report(run: Path, *, title: str | None = None) -> Path:
    """Write ``report.html`` into a run folder, from whatever of the run's files are there.

    Args:
        run: folder of the run; it may still be going.
        title: of the page; by default the model, the data and the folder's name.

    Returns:
        The path of the page.

    Raises:
        InputError: the folder is not a run, or cannot be written to.
    """
    record = read_record(Path(run))
    to = record.path / "report.html"
    content = _render(
        title=title or f"{record.model} on {record.data} · {record.name}",
        sections=[section(record, "run", to)],
        columns=(),
        rows=[],
        comparisons=[],
    )
    return write_page(to, content)


def write_recipe_report(runs: Sequence[Path], to: Path, title: str) -> Path:
    """Write one page about several runs: a table with a row a run, then each run's own section.

    Args:
        runs: folders, in the order of the recipe.
        to: the file to write, or a folder to write ``report.html`` into.
        title: heading of the page.

    Returns:
        The path of the page.

    Raises:
        InputError: there is no run, a folder is not a run, or the page cannot be written.
    """
    if not runs:
        raise InputError("a report needs at least one run, got none: name the folders of the runs to compare")
    to = Path(to)
    to = to / "report.html" if to.is_dir() else to
    records = [read_record(Path(run)) for run in runs]
    sections = [section(record, f"run{number}", to) for number, record in enumerate(records, 1)]
    columns, rows = laid_out([summary_row(record) for record in records])
    entries = [
        Entry(record.name, best.metric, best.split, best.estimate) for record in records if (best := watched(record))
    ]
    comparisons = intervals(entries, "comparison")
    return write_page(to, _render(title=title, sections=sections, columns=columns, rows=rows, comparisons=comparisons))


def _render(**content: Any) -> str:
    return environment().get_template("page.html").render(**content)
