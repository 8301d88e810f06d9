"""Tests of burnish.reporting.record."""

import json
import re

import pytest

from burnish.common.errors import InputError
from burnish.reporting.record import read_record


def test_a_finished_run_leaves_no_remark(fake_run):
    record = read_record(fake_run())
    assert record.remarks == []
    assert (record.model, record.data, record.verb, record.finished) == ("resnet20", "digits", "fit", True)


@pytest.mark.parametrize("name", ["config.toml", "env.json", "metrics.jsonl"])
def test_a_missing_file_is_named(fake_run, name):
    run = fake_run()
    (run / name).unlink()
    assert any(name in remark for remark in read_record(run).remarks)


def test_a_run_without_result_is_called_unfinished(fake_run):
    run = fake_run()
    (run / "result.json").unlink()
    record = read_record(run)
    assert not record.finished
    assert "This run has no result yet: it is still going, or it was interrupted." in record.remarks
    assert (record.model, record.data) == ("resnet20", "digits")  # from config.toml


@pytest.mark.parametrize("content", ["{", "[1, 2]", b"\xff\xfe\x00"])
def test_a_damaged_file_is_a_remark(fake_run, content):
    run = fake_run()
    (run / "result.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert any(remark.startswith("result.json cannot be read") for remark in read_record(run).remarks)


def test_a_line_cut_by_a_crash_is_left_out_and_counted(fake_run):
    run = fake_run()
    whole = read_record(run).rows
    with open(run / "metrics.jsonl", "a") as file:
        file.write('{"event": "train", "st')
    record = read_record(run)
    assert record.rows == whole
    assert "metrics.jsonl has 1 unreadable line, left out here." in record.remarks


def test_test_comes_before_the_other_splits(fake_run):
    run = fake_run()
    for split in ("validation", "train"):
        (run / f"evaluation-{split}.json").write_text('{"count": 1}')
    assert list(read_record(run).evaluations) == ["test", "validation", "train"]


def test_what_attacks_left_is_read_by_name(fake_run, robustness_of):
    run = fake_run()
    (run / "robustness-quick-linf-8-255.json").write_text(json.dumps(robustness_of()))
    (run / "robustness-broken.json").write_text("{")
    record = read_record(run)
    assert list(record.robustness) == ["quick-linf-8-255"]
    assert any(remark.startswith("robustness-broken.json cannot be read") for remark in record.remarks)


def test_a_run_that_attacked_has_no_curves_to_miss(fake_run):
    run = fake_run()
    (run / "metrics.jsonl").unlink()
    (run / "config.toml").write_text('verb = "attack"')
    assert read_record(run).remarks == []


def test_a_parent_is_found_relative_to_the_run(fake_run):
    parent = fake_run(name="0001-fit")
    assert read_record(fake_run(name="0002-fit", parent="../0001-fit")).parent == parent.resolve()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=rf"no run at '{re.escape(str(tmp_path))}/none': expected a folder"):
        read_record(tmp_path / "none")


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is not a run: expected at least one of config\.toml"):
        read_record(tmp_path)
