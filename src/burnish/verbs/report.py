"""``burnish report``: a run as one offline HTML page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from burnish.runs import Run


@dataclass(frozen=True, kw_only=True)
class Report(VerbOptions):
    """Draw one or several runs as one offline HTML page: curves, classes, mistakes, config, environment, lineage."""

    run: tuple[Path, ...] = field(metadata={"positional": True})
    """Folder of the run; several make a comparison."""
    to: Path | None = None
    """File of the page. Default: report.html in the (last) run's folder."""
    title: str | None = None
    """Heading of the page."""


def report(*runs: Run | str | Path, to: str | Path | None = None, title: str | None = None) -> Path:
    """Draw runs as one page.

    Returns:
        The page's path.

    Raises:
        InputError: a folder is not a run, or no run was given.
    """
    folders = tuple(Path(run) if isinstance(run, str | Path) else run.path for run in runs)
    return _draw(Report(run=folders, to=Path(to) if to is not None else None, title=title))


def command(options: Report) -> Outcome:
    """Report from the shell."""
    page = _draw(options)
    return Outcome(f"report: {page}", {"report": str(page), "runs": [str(run) for run in options.run]})


def _draw(options: Report) -> Path:
    from burnish.common.errors import InputError
    from burnish.reporting.page import write_recipe_report, write_report
    from burnish.runs import load_run

    if not options.run:
        raise InputError("no run to report: give a folder such as runs/0001-fit")
    folders = [load_run(run).path for run in options.run]
    if len(folders) == 1 and options.to is None:
        return write_report(folders[0], title=options.title)
    to = (options.to or folders[-1] / "report.html").expanduser()
    return write_recipe_report(folders, to, options.title or _title(folders))


def _title(folders: list[Path]) -> str:
    from burnish.reporting.record import read_record

    if len(folders) > 1:
        return f"{len(folders)} runs side by side"
    record = read_record(folders[0])
    return f"{record.model} on {record.data} · {record.name}"
