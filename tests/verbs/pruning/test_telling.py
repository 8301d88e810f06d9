"""Tests of burnish.verbs.pruning.telling."""

from pathlib import Path
from types import SimpleNamespace

from burnish.verbs.prune import Prune
from burnish.verbs.pruning.sensitivity import Sensitivity
from burnish.verbs.pruning.telling import told_runs, told_sensitivity


def measured(parameters, milliseconds, accuracy):
    return {
        "parameters": parameters,
        "macs": 10 * parameters,
        "bytes": 4 * parameters,
        "latency_ms": {"1": {"median": milliseconds}, "32": {"median": 10 * milliseconds}},
        "threads": 1,
        "metrics": {"accuracy": {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}},
    }


def run(name, **changes):
    pruning = {
        "before": measured(1000, 2.0, 0.99),
        "cut": measured(500, 1.0, 0.5),
        "finetuned": measured(500, 1.0, 0.98),
        "refusals": ["conv9 cannot be narrowed: a constant (in 'net', nets.py:7)"],
    }
    task = SimpleNamespace(watched=("accuracy", "max"))
    return SimpleNamespace(path=Path(name), task=task, result={"pruning": pruning | changes})


def test_what_was_saved_stands_beside_what_it_cost():
    told = told_runs([run("0002-prune")])
    before, cut, finetuned = told.text.splitlines()[2:5]
    assert before.split()[:2] == ["before", "1,000"]
    assert "500 (0.50 x)" in cut
    assert "1 ms (0.50 x)" in cut
    assert "0.98 [0.97, 0.99]" in finetuned
    assert "times are medians on 1 thread" in told.text
    assert "note: conv9 cannot be narrowed" in told.text
    assert told.text.endswith("run: 0002-prune")
    assert told.data["run"] == "0002-prune"


def test_rounds_are_numbered_and_held_against_the_first_model():
    told = told_runs([run("0002-prune"), run("0003-prune", finetuned=measured(250, 0.5, 0.97))])
    lines = told.text.splitlines()
    assert [line.split("  ")[0] for line in lines[2:7]] == ["before", "cut 1", "finetuned 1", "cut 2", "finetuned 2"]
    assert "250 (0.25 x)" in lines[6]
    assert told.data["runs"] == ["0002-prune", "0003-prune"]


def test_the_most_sensitive_layer_comes_first():
    layers = {"easy": (16, (0.99, 0.98, 0.9)), "hard": (8, (0.9, 0.5, 0.1))}
    told = told_sensitivity(Prune(parent=Path("runs/1")), Sensitivity("accuracy", 0.99, 512, layers))
    lines = told.text.splitlines()
    assert "accuracy on 512 validation samples" in lines[0]
    assert lines[3].startswith("hard")
    assert told.data["layers"]["easy"] == {"channels": 16, "values": [0.99, 0.98, 0.9]}
