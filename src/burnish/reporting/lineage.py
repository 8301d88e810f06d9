"""The chain of runs that a run came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from burnish.common.errors import InputError
from burnish.reporting.record import Record, read_record


@dataclass(frozen=True)
class Ancestor:
    """One run of the chain; ``record`` is None where its folder is not on this disk."""

    name: str
    path: Path
    record: Record | None


def lineage(record: Record) -> list[Ancestor]:
    """The run's ancestors, oldest first, and the run itself at the end."""
    chain = [Ancestor(record.name, record.path.resolve(), record)]
    seen = {record.path.resolve()}
    parent = record.parent
    while parent is not None and parent not in seen:
        seen.add(parent)
        try:
            found = read_record(parent)
        except InputError:
            chain.append(Ancestor(parent.name, parent, None))
            break
        chain.append(Ancestor(found.name, parent, found))
        parent = found.parent
    return chain[::-1]
