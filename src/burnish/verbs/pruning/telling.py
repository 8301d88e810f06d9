"""What the shell says of a pruned run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burnish.runs.run import Run
from burnish.verbs.interface.outcome import Outcome
from burnish.verbs.interface.table import table
from burnish.verbs.prune import Prune
from burnish.verbs.pruning.sensitivity import RATIOS, Sensitivity

_ROWS = (("before", "before"), ("cut", "cut"), ("finetuned", "finetuned"))


def told_runs(runs: Sequence[Run]) -> Outcome:
    """One table: the model as it was, after each cut, and after each finetuning."""
    rows: list[list[str]] = []
    first = runs[0].result["pruning"]["before"]
    metric = runs[0].task.watched[0]
    for number, run in enumerate(runs, 1):
        told = run.result["pruning"]
        for key, words in _ROWS[0 if number == 1 else 1 :]:
            rows.append(
                [words if len(runs) == 1 or key == "before" else f"{words} {number}", *_cells(told[key], first, metric)]
            )
    batches = list(first["latency_ms"])
    head = ["", "parameters", "MACs", "file", *(f"batch {size}" for size in batches), metric]
    last, threads = runs[-1], "1 thread" if first["threads"] == 1 else f"{first['threads']} threads"
    lines = [
        table(head, rows),
        f"times are medians on {threads}, shares those of the first row",
        *(f"note: {note}" for note in last.result["pruning"].get("refusals", [])[:3]),
        f"run: {last.path}",
    ]
    return Outcome("\n".join(lines), {"run": str(last.path), **last.result, "runs": [str(run.path) for run in runs]})


def _cells(told: dict[str, Any], first: dict[str, Any], metric: str) -> list[str]:
    found = told["metrics"].get(metric)
    score = "" if found is None else f"{found['value']:.4g} [{found['low']:.4g}, {found['high']:.4g}]"

    def against(value: float, whole: float, text: str) -> str:
        return text if value == whole else f"{text} ({value / whole:.2f} x)"

    times = [
        against(time["median"], first["latency_ms"][size]["median"], f"{time['median']:.3g} ms")
        for size, time in told["latency_ms"].items()
    ]
    return [
        against(told["parameters"], first["parameters"], f"{told['parameters']:,}"),
        against(told["macs"], first["macs"], f"{told['macs'] / 1e6:.3g} M"),
        against(told["bytes"], first["bytes"], f"{told['bytes'] / 1e6:.3g} MB"),
        *times,
        score,
    ]


def told_sensitivity(options: Prune, found: Sensitivity) -> Outcome:
    """A row a layer, the most sensitive first."""
    ordered = sorted(found.layers.items(), key=lambda item: min(item[1][1]))
    rows = [[name, str(count), *(f"{value:.4f}" for value in values)] for name, (count, values) in ordered]
    head = ["layer", "channels", *(f"{ratio:.0%} cut" for ratio in RATIOS)]
    lines = [
        f"{found.metric} on {found.count:,} validation samples, one layer cut at a time; whole: {found.whole:.4f}",
        table(head, rows),
    ]
    data = {"metric": found.metric, "whole": found.whole, "count": found.count, "ratios": list(RATIOS)}
    layers = {name: {"channels": count, "values": list(values)} for name, (count, values) in found.layers.items()}
    return Outcome("\n".join(lines), {"run": str(options.parent), **data, "layers": layers})
