"""``burnish data``: the data sets that have a name, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError, did_you_mean
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome
from burnish.verbs.interface.table import table

if TYPE_CHECKING:
    from burnish.data.named.catalogue import Entry


@dataclass(frozen=True, kw_only=True)
class Data(VerbOptions):
    """List the data sets that have a name, and where they are. Nothing is downloaded."""

    pattern: str = field(default="*", metadata={"positional": True})
    """Shell pattern of names, such as '*mnist'."""


def command(options: Data) -> Outcome:
    """One row a data set.

    Raises:
        InputError: no name matches the pattern.
    """
    from burnish.data import entry, names

    found = [name for name in names() if fnmatchcase(name, options.pattern)]
    if not found:
        hint = did_you_mean(options.pattern, names())
        raise InputError(f"no data set matches '{options.pattern}'{hint}: expected a pattern for {', '.join(names())}")
    rows = [_row(entry(name)) for name in found]
    header = ["data", "what it is", "kind", "goal", "samples", "test", "where"]
    cells = [
        [
            row["name"],
            row["description"],
            row["kind"],
            row["goal"],
            f"{row['samples']:,}",
            f"{row['test_samples']:,}" if row["test_samples"] else "",
            row["where"],
        ]
        for row in rows
    ]
    return Outcome(table(header, cells, right=["samples", "test"]), {"verb": "data", "data": rows})


def _row(entry: Entry) -> dict[str, Any]:
    where, folder = _where(entry)
    return {
        "name": entry.name,
        "description": entry.description,
        "kind": entry.kind,
        "goal": entry.goal,
        "input_shape": list(entry.input_shape),
        "classes": list(entry.classes),
        "samples": entry.samples,
        "test_samples": entry.test_samples,
        "licence": entry.licence,
        "where": where,
        "folder": folder,
        "download_bytes": entry.download_bytes,
    }


def _where(entry: Entry) -> tuple[str, str | None]:
    """Where a set is, in words, and its folder where it has one."""
    from burnish.data.named.locate import cache_folder, find

    if not entry.files:
        return "bundled" if entry.reader == "bundled" else "computed", None
    if files := find(entry):
        folder = str(next(iter(files.values())).parent)
        return f"at {folder}", folder
    if entry.download_bytes:
        return f"to download, {entry.download_bytes / 1e6:.0f} MB", None
    return f"to put into {cache_folder() / entry.name}", None
