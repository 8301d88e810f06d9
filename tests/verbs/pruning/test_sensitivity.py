"""Tests of burnish.verbs.pruning.sensitivity."""

import json

import pytest

import burnish
from burnish.cli import main

QUIET = {"quiet": True, "threads": 1}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return burnish.fit("digits", "mlp", out=out, epochs=8, model_option={"hidden": (64, 64)}, **QUIET)


def test_sensitivity_looks_at_each_layer_alone_and_makes_no_run(parent, tmp_path, capsys):
    assert main(["prune", str(parent.path), "--sensitivity", "--json", "--out", str(tmp_path / "none")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["layers"]) == 2
    for layer in told["layers"].values():
        assert layer["channels"] == 64
        assert layer["values"][0] >= layer["values"][2] - 0.05
        assert told["whole"] >= layer["values"][2]
    assert not (tmp_path / "none").exists()
