"""Tests of burnish.verbs.fitting.records."""

import json
from types import SimpleNamespace

import pytest
import torch

import burnish
from burnish.data.loaders.loader import make_loader
from burnish.data.source import TensorSource
from burnish.verbs.fitting.records import loading_of


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


def engine(seconds, of, workers=None):
    train = make_loader(TensorSource(torch.zeros(4)), 2, shuffle=True, seed=0)
    if workers is not None:
        train = SimpleNamespace(workers=workers, trial=None)
    return SimpleNamespace(waiting=SimpleNamespace(seconds=seconds, share=seconds / of), train=train)


def test_the_share_of_the_time_that_training_waited_is_recorded(run):
    told = json.loads((run.path / "result.json").read_text())["loading"]
    assert 0 <= told["wait"] < 1
    assert told["wait_seconds"] >= 0
    assert "workers" not in told
    assert all(0 <= row["data_wait"] <= 1 for row in run.history if row["event"] == "train")


@pytest.mark.parametrize(
    ("workers", "advice"),
    [
        (None, "preparing them takes longer than a step; leave a core free"),
        (0, "--workers auto reads files beside training"),
        (1, "1 worker reads too slowly; more cores"),
        (3, "3 workers read too slowly; more cores"),
    ],
)
def test_a_long_wait_comes_with_what_to_change(workers, advice):
    told = loading_of(engine(20.0, of=100.0, workers=workers))
    assert told["advice"].startswith("training waited for data 20 % of its time (20 s): ")
    assert advice in told["advice"]


@pytest.mark.parametrize(("seconds", "of"), [(9.0, 100.0), (0.5, 1.0)], ids=["a tenth or less", "a moment"])
def test_a_wait_that_does_not_matter_is_only_recorded(seconds, of):
    assert "advice" not in loading_of(engine(seconds, of, workers=0))


def test_files_read_while_training_are_told_in_result_and_progress(tmp_path, capsys, monkeypatch):
    from PIL import Image

    monkeypatch.setattr("burnish.verbs.fitting.records._MUCH", -1.0)
    monkeypatch.setattr("burnish.verbs.fitting.records._LONG", -1.0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(8):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    run = burnish.fit(tmp_path, "mlp", epochs=1, cache_mb=0, workers=1, out=tmp_path / "runs")
    assert run.result["loading"]["workers"] == 1
    assert "note: training waited for data" in capsys.readouterr().err
