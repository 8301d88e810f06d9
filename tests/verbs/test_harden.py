"""Tests of burnish.verbs.harden."""

import json

import pytest
import torch

import burnish
from burnish.cli import main
from burnish.common.errors import InputError, Interrupted
from burnish.data import load
from burnish.models import for_data


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return burnish.fit("digits", "mlp", out=tmp_path_factory.mktemp("runs"), epochs=6, quiet=True, threads=1)


OPTIONS = {"eps": 0.1, "epochs": 3, "quiet": True, "threads": 1}


def test_a_hardened_run_withstands_more_and_names_its_parent(parent, tmp_path):
    run = burnish.harden(parent, with_="pgd", out=tmp_path, **OPTIONS)
    assert run.path.name == "0001-harden"
    assert run.parent.path == parent.path
    assert run.config["harden"]["with_"] == "pgd"
    robust = run.metrics["validation"]["robust_accuracy"]
    from burnish.attacks import PGD

    images, labels = parent.data.validation.gather(torch.arange(len(parent.data.validation)))
    before = PGD(parent.model, eps=0.1).run(images, labels).robust_accuracy()
    assert robust.low > before.value
    assert run.result["verb"] == "harden"
    assert run.result["watched"] == "accuracy"
    assert "best on validation in robust_accuracy" in run.result["notes"][-1]


def test_the_run_is_opened_and_evaluated_like_any_other(parent, tmp_path):
    run = burnish.harden(parent, with_="fast", out=tmp_path, **OPTIONS)
    again = burnish.load_run(run.path)
    assert again.task.name == "classification"
    assert burnish.evaluate(again).metrics["accuracy"].value > 0.7


def test_an_interrupted_hardening_goes_on_to_the_same_bits(parent, tmp_path, monkeypatch):
    whole = burnish.harden(parent, with_="fast", out=tmp_path / "whole", **OPTIONS)

    class Stop:
        name = "stop"

        def subscribe(self, engine):
            def stop(engine):
                engine.stop_requested = "interrupted"

            engine.events.on("step", stop, once=40)

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    with pytest.raises(Interrupted, match="burnish harden --resume"):
        burnish.harden(parent, with_="fast", out=tmp_path / "cut", observers=[Stop()], **OPTIONS)
    cut = tmp_path / "cut" / "0001-harden"
    with pytest.raises(InputError, match=r"was made by harden: go on with burnish harden --resume"):
        burnish.fit(resume=cut)

    class Quiet(Stop):
        def subscribe(self, engine):
            pass

    resumed = burnish.harden(resume=cut, observers=[Quiet()], quiet=True)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_a_module_of_the_users_own_is_hardened_in_place(tmp_path):
    data = load("digits")
    module = for_data("mlp", data.schema)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run = burnish.harden(data=data, model=module, with_="trades", out=tmp_path, **OPTIONS)
    assert run.model is module
    assert any(not torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_without_a_validation_split_the_user_is_told(tmp_path):
    run = burnish.harden(data="digits", model="mlp", validation=0.0, out=tmp_path, **OPTIONS)
    assert (
        "there is no validation split, so the last epoch is the result and no collapse is noticed"
        in run.result["notes"]
    )


def test_the_shell_hardens_a_run_and_reads_a_fraction(parent, tmp_path, capsys):
    words = [str(parent.path), "--with", "fast", "--eps", "0.1", "--epochs", "1", "--quiet", "--json", "--threads", "1"]
    assert main(["harden", *words, "--out", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verb"] == "harden"
    assert "robust_accuracy" in told["metrics"]["validation"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to harden: give the folder of a run"),
        (["PARENT"], "eps must be a positive number, got nothing"),
        (["PARENT", "--eps", "0.1", "--with", "pdg"], "--with expects one of gradient, fast, pgd, trades, got 'pdg'"),
        (["PARENT", "--eps", "8"], "eps 8 (linf) is larger than the whole space, 1: if it is in units of 0 to 255"),
        (["nowhere", "--eps", "0.1"], "there is no run 'nowhere'"),
        (["PARENT", "--eps", "0.1", "--with", "gradient"], "gradient needs a positive scale"),
    ],
)
def test_bad_input_is_one_line_and_makes_no_run(parent, tmp_path, capsys, words, message):
    words = [str(parent.path) if word == "PARENT" else word for word in words]
    assert main(["harden", *words, "--out", str(tmp_path / "none")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_tasks_that_are_no_classification_are_refused(tmp_path):
    with pytest.raises(InputError, match="hardening is for classifiers so far, the task here is gan"):
        burnish.harden(data="points", eps=0.1, out=tmp_path, quiet=True)
