"""Tests of burnish.reporting.pruning."""

import pytest

from burnish.reporting.pruning import pruning_view


def rows(view):
    return {label: [cell.text for cell in cells] for label, cells in view.rows}


def shares(view, label):
    return [cell.share for name, cells in view.rows if name == label for cell in cells]


def with_times(pruning_of, before, after):
    told = pruning_of()
    for when, (low, median, high) in (("before", before), ("finetuned", after)):
        told[when]["latency_ms"] = {"1": {"median": median, "low": low, "high": high}}
    return told


def test_every_number_stands_before_and_after_with_its_share(pruning_of):
    view = pruning_view(pruning_of(), "a", "accuracy")
    assert view.columns == ["before", "cut", "finetuned"]
    assert rows(view)["parameters"] == ["269,434", "67,906", "67,906"]
    assert rows(view)["multiply-adds"] == ["2.52 M", "631,616", "631,616"]
    assert rows(view)["file"] == ["1.09 MB", "285 kB", "285 kB"]
    assert shares(view, "multiply-adds") == [None, pytest.approx(0.251, abs=1e-3), pytest.approx(0.251, abs=1e-3)]
    assert rows(view)["time, batch 32"][1] == "2.00 ms [1.90, 2.10]"
    assert shares(view, "time, batch 32") == [None, 0.25, 0.25]
    assert shares(view, "accuracy") == [None, None, None]


def test_the_watched_metric_leads_the_others(pruning_of):
    assert [label for label, _ in pruning_view(pruning_of(), "a", "accuracy").rows][-2:] == ["accuracy", "loss"]
    assert [label for label, _ in pruning_view(pruning_of(), "a", "loss").rows][-2:] == ["loss", "accuracy"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((9, 10, 11), (4, 5, 6), "Measured 2 times as fast at batch 1."),
        ((4, 5, 6), (9, 10, 11), "Measured 2 times as slow at batch 1."),
        ((9, 10, 11), (8, 9, 9.5), "No difference in time can be told at batch 1: the quartiles overlap."),
    ],
)
def test_what_became_of_the_time_is_said_as_it_was_measured(pruning_of, before, after, said):
    assert pruning_view(with_times(pruning_of, before, after), "a").times == [said]


def test_without_a_finetuned_model_the_cut_one_is_compared(pruning_of):
    told = pruning_of()
    del told["finetuned"]
    view = pruning_view(told, "a")
    assert view.columns == ["before", "cut"]
    assert view.times == ["Measured 1.5 times as fast at batch 1.", "Measured 4 times as fast at batch 32."]


def test_layers_tell_what_stays_of_each(pruning_of):
    view = pruning_view(pruning_of(), "a")
    assert [(row.name, row.before, row.after, row.share) for row in view.layers] == [
        ("model.conv1", "16", "8", 0.5),
        ("model.layer1.0.conv1", "16", "4", 0.25),
    ]
    assert view.drawing.title == "Channels of each layer"
    assert view.how == "chosen by geometric-median, 50.8 % of the channels gone"


def test_single_weights_that_went_are_told_beside_the_parameters_that_stay(pruning_of):
    view = pruning_view(pruning_of(level="weight", ratio=None, sparsity=0.625), "a")
    assert view.things == "single weights"
    assert rows(view)["weights left"] == ["32", "12", "12"]
    assert shares(view, "weights left") == [None, 0.375, 0.375]
    assert view.how.endswith("62.5 % of the weights gone")


def test_blocks_that_went_are_named(pruning_of):
    view = pruning_view(pruning_of(level="layer", ratio=None, removed=["model.layer3.1"]), "a")
    assert view.how == "chosen by geometric-median, without model.layer3.1"
    assert view.drawing.title == "Parameters of each block"


def test_what_was_left_whole_is_told_up_to_a_dozen(pruning_of):
    view = pruning_view(pruning_of(refusals=[f"line {number}" for number in range(15)]), "a")
    assert view.refusals[:2] == ["line 0", "line 1"]
    assert view.refusals[11:] == ["line 11", "and 3 more"]


def test_what_was_not_measured_is_left_out(pruning_of):
    told = pruning_of(layers=None, refusals=None, criterion=None)
    for when in ("before", "cut", "finetuned"):
        told[when] = {"parameters": told[when]["parameters"]}
    view = pruning_view(told, "a")
    assert list(rows(view)) == ["parameters"]
    assert (view.drawing, view.layers, view.refusals, view.times) == (None, [], [], [])


def test_a_run_that_was_not_pruned_has_no_section():
    assert pruning_view(None, "a") is None
