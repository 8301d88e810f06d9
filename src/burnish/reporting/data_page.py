"""The page of a data check: one HTML file that needs nothing else, with the pictures that it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from burnish.common.errors import InputError
from burnish.reporting.pictures import data_uri
from burnish.reporting.templating import environment, write_page

if TYPE_CHECKING:
    from burnish.diagnosis.data.finding import Finding, Place
    from burnish.diagnosis.data.report import DataReport


@dataclass(frozen=True)
class Shown:
    """One sample of an example: its words, and its picture where it has one."""

    name: str
    where: str
    picture: str


@dataclass(frozen=True)
class Group:
    """Samples that belong together."""

    samples: tuple[Shown, ...]
    note: str


@dataclass(frozen=True)
class Entry:
    """A finding, laid out."""

    finding: Finding
    groups: tuple[Group, ...]


def write_data_page(report: DataReport, to: Path) -> Path:
    """Write what a check of data found.

    Args:
        report: from :func:`burnish.check_data`.
        to: the file to write.

    Returns:
        The path of the page.

    Raises:
        InputError: the page cannot be written.
    """
    entries = [Entry(finding, _groups(finding, report)) for finding in report.findings]
    totals = [(name, len(report.of(name))) for name in ("error", "warning", "info")]
    content = environment().get_template("data.html").render(report=report, entries=entries, totals=totals)
    return write_page(Path(to), content)


def _groups(finding: Finding, report: DataReport) -> tuple[Group, ...]:
    groups = []
    for example in finding.examples:
        groups.append(Group(tuple(_shown(place, report) for place in example.places), example.note))
    return tuple(groups)


def _shown(place: Place, report: DataReport) -> Shown:
    where = ", ".join(part for part in (place.split, place.label) if part)
    return Shown(place.name, where, _picture(report, place.number))


def _picture(report: DataReport, number: int | None) -> str:
    if number is None or report.samples.picture is None:
        return ""
    try:
        pixels = report.samples.picture(number)
    except InputError:  # the file went away since
        return ""
    return "" if pixels is None else data_uri(pixels)
