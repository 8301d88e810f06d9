"""Tests of burnish.verbs.evaluate."""

import json

import pytest
import torch

import burnish
from burnish.common.errors import InputError
from burnish.verbs.evaluate import Evaluate, command


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return burnish.fit("digits", "logistic-regression", epochs=2, out=tmp_path_factory.mktemp("runs"), quiet=True)


def test_accuracy_is_the_share_of_right_answers(run):
    evaluation = burnish.evaluate(run, split="test")
    inputs, targets = run.data.test.gather(torch.arange(len(run.data.test)))
    with torch.no_grad():
        right = (run.model(inputs).argmax(dim=1) == targets).float().mean().item()
    assert evaluation.metrics["accuracy"].value == pytest.approx(right)
    assert evaluation.metrics["accuracy"].count == len(targets)


def test_a_wider_confidence_gives_a_wider_interval(run):
    narrow = burnish.evaluate(run, confidence=0.5).metrics["accuracy"]
    wide = burnish.evaluate(run, confidence=0.99).metrics["accuracy"]
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_the_answer_lies_in_the_run_s_folder(run):
    burnish.evaluate(run.path, split="validation", mistakes=3)
    kept = json.loads((run.path / "evaluation-validation.json").read_text())
    assert kept["split"] == "validation"
    assert kept["count"] == len(run.data.validation)
    assert 0 < len(kept["mistakes"]) <= 3


def test_the_model_is_left_as_it_was(run):
    before = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    burnish.evaluate(run)
    assert all(torch.equal(tensor, before[name]) for name, tensor in run.model.state_dict().items())


def test_the_shell_s_answer_is_plain_data(run):
    outcome = command(Evaluate(run=run.path))
    assert json.loads(outcome.json())["metrics"]["accuracy"]["confidence"] == 0.95
    assert "0001-fit on 359 test samples (95% intervals)" in outcome.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"split": "tset"},
            r"split expects one of train, validation, test, got the text 'tset' \(did you mean 'test'\?\)",
        ),
        ({"data": "iris"}, r"iris does not fit run 0001-fit: table \(4,\), expected image \(1, 8, 8\)"),
        ({"confidence": 1.5}, r"confidence must lie in \(0, 1\), got 1\.5"),
    ],
)
def test_what_cannot_be_used_is_named(run, options, message):
    with pytest.raises(InputError, match=message):
        burnish.evaluate(run, **options)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(InputError, match="is not a run"):
        burnish.evaluate(tmp_path)
