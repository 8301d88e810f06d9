"""Tests of burnish.runs.metrics."""

import math
from types import SimpleNamespace

import pytest

from burnish.common.errors import InputError
from burnish.runs.metrics import MetricsLog, read_metrics

ROWS = [{"event": "train", "step": step, "loss": 1 / step} for step in range(1, 6)]


@pytest.fixture
def log(tmp_path):
    made = MetricsLog(tmp_path / "metrics.jsonl")
    for row in ROWS[:3]:
        made.write(row)
    return made


def engine(main: bool = True) -> SimpleNamespace:
    return SimpleNamespace(world=SimpleNamespace(is_main=main), row_readers=[])


def test_rows_are_one_a_line_and_come_back(log):
    assert log.path.read_text().count("\n") == 3
    assert read_metrics(log.path) == ROWS[:3]


def test_nan_comes_back_as_nan(log):
    log.write({"loss": math.nan})
    assert math.isnan(read_metrics(log.path)[-1]["loss"])


def test_a_file_that_is_not_there_has_no_rows(tmp_path):
    assert read_metrics(tmp_path / "metrics.jsonl") == []
    assert MetricsLog(tmp_path / "metrics.jsonl").state_dict() == {"bytes": 0}


def test_resuming_cuts_off_what_will_be_written_again(log):
    state = log.state_dict()
    log.write(ROWS[3])
    log.write({"event": "lost"})
    resumed = MetricsLog(log.path)
    resumed.load_state_dict(state)
    for row in ROWS[3:]:
        resumed.write(row)
    assert read_metrics(log.path) == ROWS


def test_resuming_from_the_beginning_empties_the_file(log):
    MetricsLog(log.path).load_state_dict({"bytes": 0})
    assert read_metrics(log.path) == []


@pytest.mark.parametrize("left", [60, 61, 90])
def test_a_file_that_lost_its_end_goes_on_after_a_whole_row(log, left):
    state = log.state_dict()
    content = log.path.read_bytes()
    assert left < len(content)
    log.path.write_bytes(content[:left])
    MetricsLog(log.path).load_state_dict(state)
    log.write(ROWS[4])
    found = read_metrics(log.path)
    assert found[-1] == ROWS[4]
    assert found[:-1] == ROWS[: len(found) - 1]
    assert b"\0" not in log.path.read_bytes()


@pytest.mark.parametrize("rest", ['{"event": "tr', "{", '{"loss": 1}'])
def test_a_last_line_that_was_not_finished_is_dropped(log, rest):
    with open(log.path, "a") as file:
        file.write(rest)
    assert read_metrics(log.path) == ROWS[:3]


@pytest.mark.parametrize("damage", ["{oops", "[1, 2]", "\0\0\0", "\udcff"])
def test_a_damaged_line_before_the_last_is_named(log, damage):
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines[1] = damage.encode("utf-8", "surrogateescape") + b"\n"
    log.path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=f"line 2 of {log.path} is damaged: remove it to read the others"):
        read_metrics(log.path)


def test_of_several_processes_the_main_one_alone_writes_and_cuts(log):
    main, other = engine(), engine(main=False)
    log.subscribe(main)
    assert main.row_readers == [log.write]
    second = MetricsLog(log.path)
    second.subscribe(other)
    assert other.row_readers == []
    second.load_state_dict({"bytes": 0})
    assert read_metrics(log.path) == ROWS[:3]
