"""Tests of burnish.reporting.headline."""

import json

from burnish.reporting.headline import metrics_by_split, watched
from burnish.reporting.record import read_record


def test_test_wins_over_validation(fake_run):
    best = watched(read_record(fake_run()))
    assert (best.metric, best.split) == ("accuracy", "test")


def test_validation_is_told_while_test_was_not_looked_at(fake_run):
    run = fake_run()
    (run / "evaluation-test.json").unlink()
    best = watched(read_record(run))
    assert (best.split, best.estimate.value, best.estimate.count) == ("validation", 0.98, 360)


def test_the_watched_metric_of_the_task_is_the_headline(fake_run):
    assert watched(read_record(fake_run("table"))).metric == "mean_absolute_error"


def test_an_unfinished_run_shows_its_last_validation(fake_run):
    run = fake_run()
    (run / "result.json").unlink()
    (run / "evaluation-test.json").unlink()
    record = read_record(run)
    best = watched(record)
    assert (best.split, best.estimate.value) == ("validation", record.rows[-1]["accuracy"])
    assert best.estimate.low == record.rows[-1]["accuracy_low"]


def test_a_run_without_any_number_has_no_headline(fake_run):
    run = fake_run()
    for name in ("result.json", "evaluation-test.json", "metrics.jsonl"):
        (run / name).unlink()
    assert watched(read_record(run)) is None


def test_scores_of_the_whole_split_stand_beside_its_metrics(fake_run):
    run = fake_run()
    (run / "evaluation-train.json").write_text(
        json.dumps({"count": 9, "seconds": 1.5, "r2": 0.25, "task": "regression"})
    )
    assert {name: found.value for name, found in metrics_by_split(read_record(run))["train"].items()} == {"r2": 0.25}


def test_an_evaluation_wins_over_the_copy_in_the_result(fake_run):
    run = fake_run()
    (run / "evaluation-validation.json").write_text(json.dumps({"metrics": {"accuracy": {"value": 0.5}}}))
    found = metrics_by_split(read_record(run))
    assert found["validation"]["accuracy"].value == 0.5
    assert found["validation"]["loss"].value == 0.0612
