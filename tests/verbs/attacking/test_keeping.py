"""Tests of burnish.verbs.attacking.keeping."""

import json

import pytest
from torch import nn

from burnish.common.errors import InputError
from burnish.reporting.record import read_record
from burnish.runs import load_run
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.keeping import file_name, keep, place
from burnish.verbs.attacking.target import opened_target

SHARE = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 9, "confidence": 0.95}
FOUND = {"clean_accuracy": SHARE, "robust_accuracy": {**SHARE, "value": 0.45}, "seconds": 1.0}


def test_whatever_makes_another_result_makes_another_name():
    usual = Attack(subject="x")
    assert file_name(usual, "quick", 8 / 255, "") == "robustness-quick-linf-8-255.json"
    assert file_name(Attack(subject="x", norm="l2"), "quick", 0.5, "") == "robustness-quick-l2-0.5.json"
    assert (
        file_name(Attack(subject="x", split="validation"), "pgd", 0.1, "") == "robustness-pgd-linf-0.1-validation.json"
    )
    assert file_name(usual, "quick", 0.1, "more") == "robustness-quick-linf-0.1-more.json"


def test_a_run_keeps_its_result(digits_run):
    with opened_target(Attack(subject="x"), digits_run, None, None) as target:
        folder = place(Attack(subject="x"), target)
        assert folder == digits_run.path
        keep(folder / "robustness-test-keeping.json", FOUND, Attack(subject="x"), target)
    assert json.loads((folder / "robustness-test-keeping.json").read_text()) == FOUND
    (folder / "robustness-test-keeping.json").unlink()


@pytest.mark.parametrize("subject", [nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), lambda x: x.flatten(1).argmax(1)])
def test_what_is_no_run_gets_a_folder_that_reads_as_one(subject, tmp_path):
    options = Attack(subject="mine", data="digits", out=tmp_path, eps=0.1)
    with opened_target(options, subject, None, None) as target:
        folder = place(options, target)
        keep(folder / "robustness-quick-linf-0.1.json", FOUND, options, target)
    record = read_record(folder)
    assert (folder.name, record.verb, record.data) == ("0001-attack", "attack", "digits")
    assert not record.remarks or all("metrics.jsonl" in remark for remark in record.remarks)
    run = load_run(folder)
    assert run.config["attack"]["subject"] == "mine"
    assert run.metrics["test"]["accuracy"].value == 0.5
    assert run.metrics["test"]["robust_accuracy"].value == 0.45
    assert run.data.schema.classes == tuple("0123456789")


def test_a_folder_that_cannot_be_written_is_one_line(digits_run, tmp_path):
    with (
        opened_target(Attack(subject="x"), digits_run, None, None) as target,
        pytest.raises(InputError, match=r"cannot write .*gone.*: No such file or directory; a run must be writable"),
    ):
        keep(tmp_path / "gone" / "robustness.json", FOUND, Attack(subject="x"), target)
