"""``burnish data check``: whether this data is fit to train on."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.data.options import DataOptions
from burnish.verbs.interface.options import VerbOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from burnish.diagnosis.data.finding import Finding
    from burnish.diagnosis.data.report import DataReport

_WIDTH = 100
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class DataCheck(DataOptions, VerbOptions):
    """Look for what makes data unfit to train on: broken files, copies, leaks, conflicts, drift.

    An image folder is read file by file as it lies there, so that faults are listed that would stop fitting.
    """

    data: str = field(metadata={"positional": True})
    """A name ('burnish data' lists them), or the path of an image folder, table, text or .npz file."""
    strict: bool = False
    """End with 2 where a finding is an error."""
    to: Path | None = None
    """File of an HTML page with all findings and their pictures."""
    seed: int = 0
    """Decides which samples are held out where the data have no splits, as in fitting."""


def check_data(data: Any, *, to: str | Path | None = None, seed: int = 0, **options: Any) -> DataReport:
    """Look for what makes data unfit to train on.

    Args:
        data: anything that :func:`burnish.data.load` takes.
        to: file of an HTML page with all findings.
        seed: decides which samples are held out where the data have no splits, as in fitting.
        options: fields of :class:`burnish.data.DataOptions`.

    Returns:
        ``.findings``, the worst first, and ``.find(code)``.

    Raises:
        InputError: there are no such data, an option is unknown, or the page cannot be written.

    >>> import numpy as np
    >>> check_data(np.eye(40, 3)).find("duplicates").count > 0
    True
    """
    from burnish.diagnosis.data.check import check_data as check

    report = check(data, build(DataOptions, **options), seed)
    if to is not None:
        _draw(report, Path(to))
    return report


def command(options: DataCheck) -> Outcome:
    """Check data from the shell.

    Raises:
        InputError: there are no such data, or the page cannot be written.
    """
    from burnish.common.errors import InputError
    from burnish.diagnosis.data.check import check_data as check

    if options.to is not None and options.to.is_dir():
        raise InputError(f"--to names the file of a page, and {options.to} is a folder: add a name, as in report.html")
    reading = DataOptions(**{f.name: getattr(options, f.name) for f in fields(DataOptions)})
    report = check(options.data, reading, options.seed, _progress())
    text, data = describe(report), {"verb": "data check", **report.to_dict()}
    if options.to is not None:
        text += f"\n\npage: {_draw(report, options.to)}"
        data["page"] = options.to
    errors = report.of("error")
    failure = ""
    if options.strict and errors:
        codes = ", ".join(finding.code for finding in errors)
        failure = f"{report.name} has {len(errors)} finding{'s' * (len(errors) > 1)} of severity error: {codes}"
    return Outcome(text, data, failure)


def describe(report: DataReport) -> str:
    """The findings as text for a terminal of 100 columns."""
    from burnish.diagnosis.data.finding import SEVERITIES

    counts = ", ".join(f"{count:,} {split}" for split, count in report.samples.counts().items())
    unit = report.samples.unit + "s" * (len(report.samples) != 1)
    classes = f", {len(report.samples.classes)} classes" if report.samples.classes else ""
    head = f"{report.name}: {len(report.samples):,} {unit} ({counts}){classes}, checked in {report.seconds:.1f} s"
    notes = [textwrap.fill(f"note: {note}", _WIDTH, subsequent_indent="  ") for note in report.notes]
    if not report.findings:
        return "\n".join([head, *notes, "", "Nothing found."])
    errors, warnings, infos = (len(report.of(severity)) for severity in SEVERITIES)
    totals = [f"{errors} error{'s' * (errors != 1)}", f"{warnings} warning{'s' * (warnings != 1)}"]
    blocks = [_block(finding) for finding in report.findings]
    return "\n\n".join(["\n".join([head, *notes]), *blocks, ", ".join([*totals, f"{infos} for information"])])


def _block(finding: Finding) -> str:
    """One finding: its title with the share, what it means, what to do, and some examples."""
    label = f"{finding.severity.upper():<9}"
    indent = " " * len(label)
    share = f"{finding.share:.2%}" if finding.share < 0.1 else f"{finding.share:.0%}"
    title = f"{finding.title} ({share}) [{finding.code}]"
    lines = [
        textwrap.fill(title, _WIDTH, initial_indent=label, subsequent_indent=indent, break_on_hyphens=False),
        textwrap.fill(finding.meaning, _WIDTH, initial_indent=indent, subsequent_indent=indent),
        textwrap.fill(f"To do: {finding.advice}", _WIDTH, initial_indent=indent, subsequent_indent=indent),
    ]
    lines += [
        f"{indent}- {_shortened(str(example), _WIDTH - len(indent) - 2)}" for example in finding.examples[:_SHOWN]
    ]
    return "\n".join(lines)


def _shortened(text: str, width: int) -> str:
    """The text in one line; its middle is left out where it is too long."""
    text = " ".join(text.split())
    if len(text) <= width:
        return text
    head = (width - 3) * 2 // 3
    return f"{text[:head]}...{text[len(text) - (width - 3 - head) :]}"


def _draw(report: DataReport, to: Path) -> Path:
    from burnish.reporting.data_page import write_data_page

    return write_data_page(report, to.expanduser())


def _progress() -> Callable[[int, int], None] | None:
    """Tells a terminal how far it is, four times a second at most; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    last = 0.0

    def told(done: int, count: int) -> None:
        nonlocal last
        if done < count and time.monotonic() - last < 0.25:
            return
        last = time.monotonic()
        end = "\r\x1b[K" if done >= count else ""
        print(f"\rreading {done:,} of {count:,} files{end}", end="", file=sys.stderr, flush=True)

    return told
