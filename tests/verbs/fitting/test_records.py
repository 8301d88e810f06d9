"""Tests of burnish.verbs.fitting.records."""

import json

import pytest

import burnish


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return burnish.fit("iris", "mlp", epochs=3, out=tmp_path_factory.mktemp("runs"), quiet=True)


def test_the_folder_holds_everything_that_the_house_promises(run):
    for name in ("config.toml", "schema.json", "env.json", "metrics.jsonl", "model.safetensors", "result.json"):
        assert (run.path / name).is_file(), name
    assert (run.path / "checkpoints").is_dir()


def test_the_result_counts_and_measures(run):
    result = json.loads((run.path / "result.json").read_text())
    assert result["parameters"] == sum(parameter.numel() for parameter in run.model.parameters())
    assert result["latency_ms"]["low"] <= result["latency_ms"]["median"] <= result["latency_ms"]["high"]
    assert result["steps"] > 0
    assert result["seconds"] > 0
    estimate = result["metrics"]["validation"]["accuracy"]
    assert estimate["low"] <= estimate["value"] <= estimate["high"]


def test_progress_says_what_was_chosen(tmp_path, capsys):
    burnish.fit("iris", "mlp", epochs=1, out=tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "iris: 105 train, 15 validation, 30 test; table, classification" in err
    assert f"run: {tmp_path / '0001-fit'}" in err


def test_precision_is_written_down_as_decided(tmp_path):
    run = burnish.fit("iris", "mlp", max_steps=1, quiet=True, out=tmp_path)
    assert run.config["fit"]["precision"] == "fp32"
    assert run.config["fit"]["channels_last"] is False


def test_a_learning_rate_that_was_not_given_is_written_down(tmp_path):
    run = burnish.fit("iris", "mlp", optimizer="momentum", max_steps=1, quiet=True, out=tmp_path)
    assert run.config["fit"]["learning_rate"] > 0
