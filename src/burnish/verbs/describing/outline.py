"""The layers of a model at a depth that a reader can take in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount

MOST_ROWS = 40
"""Rows that a table may have before containers are shown in place of their layers."""


def outline(counts: Counts, depth: int | None = None) -> tuple[LayerCount, ...]:
    """Rows in the order they ran; what lies deeper than ``depth`` is summed up in its container.

    Lists of modules, which never run themselves, are no level of their own.

    Args:
        counts: of a model.
        depth: levels below the model; None for every layer.
    """
    containers = {row.name: row for row in counts.containers}
    rows: dict[str, LayerCount] = {}
    for row in counts.layers:
        key = row.name if depth is None else _cut(row.name, depth, containers)
        summed_up = key in containers and (key != row.name or _level(key, containers) == depth)
        rows.setdefault(key, containers[key] if summed_up else row)
    return tuple(rows.values())


def deepest(counts: Counts) -> int:
    """Levels down to the layer that lies deepest."""
    containers = {row.name: row for row in counts.containers}
    return max((_level(row.name, containers) for row in counts.layers), default=0)


def readable_depth(counts: Counts, most: int = MOST_ROWS) -> int | None:
    """The depth with the most rows that are not too many; None where every layer can be shown."""
    if len(counts.layers) <= most:
        return None
    fitting = [depth for depth in range(1, deepest(counts)) if len(outline(counts, depth)) <= most]
    return fitting[-1] if fitting else 1


def _is_list(row: LayerCount | None) -> bool:
    """Whether a container never runs while what it holds does."""
    return row is not None and not row.calls and (row.used > 0 or row.macs > 0 or row.activation_bytes > 0)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".") if name else []
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _level(name: str, containers: dict[str, LayerCount]) -> int:
    return sum(not _is_list(containers.get(prefix)) for prefix in _prefixes(name))


def _cut(name: str, depth: int, containers: dict[str, LayerCount]) -> str:
    level = 0
    for prefix in _prefixes(name):
        level += not _is_list(containers.get(prefix))
        if level == depth:
            return prefix
    return name
