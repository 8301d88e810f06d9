"""Tests of burnish.reporting.section."""

import json

from burnish.reporting.page import write_report
from burnish.reporting.record import read_record
from burnish.reporting.section import section


def facts(run):
    return {fact.label: (fact.value, fact.note) for fact in section(read_record(run), "run", run / "report.html").facts}


def test_the_headline_carries_its_interval_and_its_samples(fake_run):
    run = fake_run("text")
    headline = section(read_record(run), "run", run / "report.html").headline
    assert (headline.label, headline.value) == ("test loss", "1.540")
    assert headline.note == "95 % interval [1.530, 1.550] from 111,538 samples"


def test_parameters_latency_and_time_stand_beside_it(fake_run):
    assert facts(fake_run()) == {
        "parameters": ("272,474", ""),
        "latency": ("1.20 ms [1.10, 1.40]", "measured; batch 1, 1 thread"),
        "time": ("12.3 s", "10 epochs, 1,000 steps"),
    }


def test_one_epoch_is_not_epochs(fake_run):
    assert facts(fake_run(epochs=1, steps=1))["time"] == ("12.3 s", "1 epoch, 1 step")


def test_the_watched_metric_leads_the_table(fake_run):
    run = fake_run()
    (run / "evaluation-test.json").write_text(json.dumps({"metrics": {"loss": 1.0, "accuracy": 0.5}}))
    assert [name for name, _ in section(read_record(run), "run", run).metrics] == ["accuracy", "loss"]


def test_what_was_not_measured_is_not_shown(fake_run):
    assert list(facts(fake_run(latency_ms=None, parameters=None))) == ["time"]


def test_an_unfinished_run_tells_how_far_it_is_and_how_to_go_on(fake_run):
    run = fake_run()
    (run / "result.json").unlink()
    (run / "evaluation-test.json").unlink()
    (run / "checkpoints").mkdir()
    found = section(read_record(run), "run", run / "report.html")
    assert found.headline.label == "validation accuracy so far"
    assert facts(run)["time"] == ("16.0 s", "step 2,000 so far")
    assert any(f"`burnish fit --resume {run}` continues it" in remark for remark in found.remarks)


def test_a_finished_run_without_evaluation_tells_how_to_get_one(fake_run):
    run = fake_run()
    (run / "evaluation-test.json").unlink()
    assert any(f"`burnish evaluate {run}`" in r for r in section(read_record(run), "run", run).remarks)


def test_an_ancestor_is_linked_only_where_it_has_a_report(fake_run):
    first, last = fake_run(name="a run & more"), fake_run(name="0002-fit", parent="../a run & more")
    assert section(read_record(last), "run", last / "report.html").steps[0].link is None
    (first / "report.html").write_text("")
    assert (
        section(read_record(last), "run", last / "report.html").steps[0].link == "../a%20run%20%26%20more/report.html"
    )


def test_every_option_of_the_config_is_listed(fake_run):
    run = fake_run()
    config = dict(section(read_record(run), "run", run / "report.html").config)
    assert config["model"] == [("name", "resnet20"), ("options.width", "16"), ("options.widths", "[256, 256]")]
    assert ("optimizer", "adamw") in config["fit"]
    assert ("verb", "fit") in config["run"]


def test_how_long_training_waited_stands_beside_who_read_the_files(fake_run):
    told = {"wait": 0.034, "workers": 1, "read_ms": 20.0, "step_ms": 31.5}
    note = "1 worker beside training; 20 ms to read a batch, 31.5 ms for its step"
    assert facts(fake_run(loading=told))["waiting for data"] == ("3.4 %", note)
    assert facts(fake_run(loading={"wait": 0.0}))["waiting for data"] == ("0.0 %", "")


def test_what_would_shorten_the_waiting_is_a_remark(fake_run):
    run = fake_run(loading={"wait": 0.3, "advice": "training waited for data 30 % of its time: read less"})
    remarks = section(read_record(run), "run", run).remarks
    assert "Training waited for data 30 % of its time: read less." in remarks


def test_results_of_attacks_are_told_one_by_one(fake_run, robustness_of):
    run = fake_run()
    for name in ("quick-l2-0.5", "quick-linf-8-255"):
        (run / f"robustness-{name}.json").write_text(json.dumps(robustness_of(norm=name.split("-")[1])))
    found = section(read_record(run), "run", run / "report.html").robustness
    assert [one.size for one in found] == ["l2 8/255", "linf 8/255"]


def test_robust_accuracy_is_told_in_the_lineage_where_it_was_measured(fake_run, robustness_of):
    first, last = fake_run(name="0001-fit"), fake_run(name="0002-fit", parent="../0001-fit")
    (first / "robustness-quick-linf-8-255.json").write_text(json.dumps(robustness_of()))
    steps = section(read_record(last), "run", last / "report.html").steps
    assert [step.attacked for step in steps] == [True, False]
    page = write_report(last).read_text()
    assert page.count("· robust 18.0 % [10.5, 25.5] quick linf 8/255 · 272,474 parameters · 1.20 ms") == 1
    assert page.count("· 272,474 parameters · 1.20 ms") == 2
