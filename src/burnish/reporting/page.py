"""The report page: one HTML file that needs nothing else, neither a network nor JavaScript."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.reporting.figures.intervals import Entry, intervals
from burnish.reporting.headline import watched
from burnish.reporting.record import read_record
from burnish.reporting.section import section
from burnish.reporting.table import COLUMNS, cells, summary_row

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


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
        rows=[],
        comparisons=[],
    )
    return _write(to, content)


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
    rows = [cells(summary_row(record)) for record in records]
    entries = [
        Entry(record.name, best.metric, best.split, best.estimate) for record in records if (best := watched(record))
    ]
    return _write(to, _render(title=title, sections=sections, rows=rows, comparisons=intervals(entries, "comparison")))


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from burnish.reporting.formats import percent

    environment = Environment(
        loader=PackageLoader("burnish.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "code": _code}
    return environment


def _code(text: str) -> Markup:
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # escaped before it is marked up


def _render(**content: Any) -> str:
    return _environment().get_template("page.html").render(columns=COLUMNS, **content)


def _write(to: Path, content: str) -> Path:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(to, content.encode("utf-8", errors="replace"))
    except OSError as error:
        reason = error.strerror or os.fspath(to)
        raise InputError(f"cannot write '{to}': {reason}; choose a folder that can be written to") from error
    return to
