"""What ``burnish prune`` took away, and what that saved and cost, ready to be laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from burnish.common.intervals import Estimate
from burnish.reporting.figures.canvas import Drawing
from burnish.reporting.figures.kept import Kept, kept
from burnish.reporting.formats import (
    ABSENT,
    estimate_text,
    has_interval,
    latency_text,
    number,
    percent,
    read_estimate,
    words,
)
from burnish.reporting.record import finite

_WHEN = ("before", "cut", "finetuned")
_MOST_REFUSALS = 12
_THINGS = {"filter": "filters", "layer": "blocks", "weight": "single weights"}
_COUNTED = {"filter": "channels", "layer": "parameters", "weight": "weights"}
_UNIT = {"layer": "block"}


@dataclass(frozen=True)
class Cell:
    """A number, and its share of the one before the cut."""

    text: str
    share: float | None = None


@dataclass(frozen=True)
class LayerRow:
    """One layer: how much it had, and how much stays."""

    name: str
    before: str
    after: str
    share: float | None


@dataclass(frozen=True)
class PruningView:
    """One result of ``burnish prune``; what was not measured is empty."""

    things: str
    how: str
    times: list[str]
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    measured: str
    unit: str
    counted: str
    drawing: Drawing | None
    layers: list[LayerRow]
    refusals: list[str]


def pruning_view(plain: Any, anchor: str, watched: str | None = None) -> PruningView | None:
    """Read what a run's result says of its pruning; None where it was not pruned.

    Args:
        plain: ``result["pruning"]``; whatever is missing or of another shape is left out.
        anchor: unique on the page.
        watched: the metric that leads the others.
    """
    if not isinstance(plain, dict):
        return None
    level = str(plain.get("level", ""))
    stages = {name: told for name in _WHEN if isinstance(told := plain.get(name), dict)}
    layers = _layers(plain.get("layers"))
    counted, unit = _COUNTED.get(level, "channels"), _UNIT.get(level, "layer")
    rows = _rows(stages, watched)
    if level == "weight" and layers and stages:  # zeros among them count as parameters still
        rows.insert(1, ("weights left", _weights(layers, list(stages))))
    left = plain.get("refusals")
    refusals = [str(reason) for reason in left] if isinstance(left, list) else []
    more = len(refusals) - _MOST_REFUSALS
    return PruningView(
        things=_THINGS.get(level, "model"),
        how=_how(plain, level),
        times=_times(stages),
        columns=list(stages),
        rows=rows,
        measured=_measured(stages),
        unit=unit,
        counted=counted,
        drawing=kept(layers, f"{anchor}-layers", counted, unit),
        layers=[
            LayerRow(one.name, number(one.before), number(one.after), _share(one.after, one.before)) for one in layers
        ],
        refusals=refusals[:_MOST_REFUSALS] + ([f"and {number(more)} more"] if more > 0 else []),
    )


def _how(plain: dict[str, Any], level: str) -> str:
    told = [f"chosen by {words(str(plain['criterion']))}"] if plain.get("criterion") else []
    for name, what in (("ratio", _COUNTED.get(level, "channels")), ("sparsity", "weights")):
        if (share := finite(plain.get(name))) is not None and level != "layer":
            told.append(f"{percent(share)} of the {what} gone")
    gone = plain.get("removed")
    if level == "layer" and isinstance(gone, list) and gone:
        told.append(f"without {', '.join(map(str, gone))}")
    return ", ".join(told)


def _layers(told: Any) -> list[Kept]:
    found = []
    for one in told if isinstance(told, list) else ():
        known = one if isinstance(one, dict) else {}
        before, after = finite(known.get("before")), finite(known.get("after"))
        if before is not None and after is not None and 0 <= after <= before:
            found.append(Kept(str(known.get("name", ABSENT)), int(before), int(after)))
    return found


def _share(value: Any, whole: Any) -> float | None:
    part, of = finite(value), finite(whole)
    return part / of if part is not None and of else None


def _latencies(stage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    told = stage.get("latency_ms")
    return {str(n): one for n, one in told.items() if isinstance(one, dict)} if isinstance(told, dict) else {}


def _rows(stages: dict[str, dict[str, Any]], watched: str | None) -> list[tuple[str, list[Cell]]]:
    whole = stages.get("before", {})
    rows = [
        (label, [Cell(write(finite(stage.get(key))), _against(stage, whole, key)) for stage in stages.values()])
        for key, label, write in (
            ("parameters", "parameters", _count),
            ("macs", "multiply-adds", _count),
            ("bytes", "file", _bytes),
        )
    ]
    batches = dict.fromkeys(size for stage in stages.values() for size in _latencies(stage))
    for size in batches:
        times = [_latencies(stage).get(size, {}) for stage in stages.values()]
        first = _latencies(whole).get(size, {}).get("median")
        shares = [None if time.get("median") == first else _share(time.get("median"), first) for time in times]
        cells = [Cell(latency_text(time), share) for time, share in zip(times, shares, strict=True)]
        rows.append((f"time, batch {size}", cells))
    metrics = [stage.get("metrics") for stage in stages.values()]
    tables = [told if isinstance(told, dict) else {} for told in metrics]
    names = list(dict.fromkeys(str(name) for table in tables for name in table))
    for name in sorted(names, key=lambda name: name != watched):
        estimates = [read_estimate(table.get(name)) for table in tables]
        rows.append((words(name), [Cell(ABSENT if e is None else estimate_text(name, e)) for e in estimates]))
    return [(label, cells) for label, cells in rows if any(cell.text != ABSENT for cell in cells)]


def _weights(layers: list[Kept], stages: list[str]) -> list[Cell]:
    whole, left = sum(one.before for one in layers), sum(one.after for one in layers)
    return [Cell(_count(whole)) if stage == "before" else Cell(_count(left), _share(left, whole)) for stage in stages]


def _against(stage: dict[str, Any], whole: dict[str, Any], key: str) -> float | None:
    return None if stage is whole else _share(stage.get(key), whole.get(key))


def _count(value: float | None) -> str:
    """A count in full below a million, then in millions or more.

    >>> _count(67906.0), _count(2516608.0), _count(4.1e9)
    ('67,906', '2.52 M', '4.1 G')
    """
    if value is None or value < 1e6:
        return number(None if value is None else int(value))
    return f"{value / 1e9:.3g} G" if value >= 1e9 else f"{value / 1e6:.3g} M"


def _bytes(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value / 1e3:.3g} kB"


def _spread(stage: dict[str, Any], size: str) -> Estimate | None:
    time = _latencies(stage).get(size, {})
    found = read_estimate({**time, "value": time.get("median")})
    return found if found and has_interval(found) and found.value > 0 else None


def _times(stages: dict[str, dict[str, Any]]) -> list[str]:
    """What became of the time at each batch size: multiply-adds alone say nothing about it."""
    last = next((stages[name] for name in reversed(_WHEN[1:]) if name in stages), None)
    told, alike = [], []
    for size in _latencies(stages.get("before", {})):
        was, now = (_spread(stage, size) for stage in (stages["before"], last or {}))
        if was is None or now is None:
            continue
        ratio = was.value / now.value
        if now.high < was.low:
            told.append(f"Measured {ratio:.2g} times as fast at batch {size}.")
        elif now.low > was.high:
            told.append(f"Measured {1 / ratio:.2g} times as slow at batch {size}.")
        else:
            alike.append(size)
    if alike:
        told.append(f"No difference in time can be told at batch {' and '.join(alike)}: the quartiles overlap.")
    return told


def _measured(stages: dict[str, dict[str, Any]]) -> str:
    threads = next((t for stage in stages.values() if (t := finite(stage.get("threads"))) is not None), None)
    on = "" if threads is None else f" on {number(int(threads))} thread{'' if threads == 1 else 's'}"
    return f"Before and after: shares are those of the first column, times medians with their quartiles{on}"
