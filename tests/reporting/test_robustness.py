"""Tests of burnish.reporting.robustness."""

import pytest

from burnish.reporting.robustness import best_known, eps_text, robust_text, robustness_view, size_text


@pytest.mark.parametrize(
    ("eps", "text"), [(8 / 255, "8/255"), (0.5 / 255, "0.001961"), (0.2, "0.2"), (12.0, "12"), (0.0, "0"), (1.0, "1")]
)
def test_sizes_are_written_as_people_do(eps, text):
    assert eps_text(eps) == text


def test_everything_that_was_measured_is_shown(robustness_of):
    view = robustness_view(robustness_of(), "a")
    assert (view.suite, view.size, view.count) == ("quick", "linf 8/255", "100")
    assert view.robust.startswith("18.0 % [")
    assert [(row.name, row.tried, row.fooled, row.share) for row in view.attacks] == [
        ("fgsm", "98", "50", 0.48),
        ("pgd", "48", "30", 0.18),
    ]
    assert view.attacks[0].options == "steps 10, restarts 1"
    assert [row.name for row in view.classes] == [*"0123456789"]
    assert (view.classes[0].clean, view.classes[0].robust, view.classes[0].count) == (0.9, 0.1, "10")
    assert view.findings[0].title == "A title."
    assert view.transfer.names == ["0001-fit", "0002-fit"]
    (example,) = view.examples
    assert (example.truth, example.answer, example.distance) == ("3", "8", "0.03137")
    assert all(uri.startswith("data:image/png") for uri in (example.clean, example.change, example.attacked))


def test_the_curve_has_the_worst_case_of_the_suite_beside_it(robustness_of):
    (drawing,) = robustness_view(robustness_of(), "a").drawings
    assert drawing.legend == [(1, "pgd"), (2, "worst case of quick")]
    assert "98.0 % [95.3, 100.0] at 0" in drawing.description
    assert "at 4/255" in drawing.description
    assert "worst case of quick: 18.0 %" in drawing.description


def test_many_classes_come_with_the_least_robust_first(robustness_of):
    rows = [{"name": str(place), "clean": None, "robust": {"value": place / 40}} for place in reversed(range(40))]
    view = robustness_view(robustness_of(classes=rows), "a")
    assert view.classes_sorted
    assert [row.name for row in view.classes[:3]] == ["0", "1", "2"]


def test_learning_a_substitute_is_drawn_over_its_queries(robustness_of):
    success = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 50}
    rounds = [{"queries": 100, "success": success}, {"queries": 200, "success": success}]
    account = {"queries": 200, "judging": 300, "rounds": rounds, "noise": {**success, "value": 0.1, "low": 0.05}}
    view = robustness_view(robustness_of(curve=None, black_box=account), "a")
    (drawing,) = view.drawings
    assert drawing.legend == [(1, "attack on the substitute"), (2, "noise of equal size")]
    assert view.black_box == (
        "Nothing but answers was used: 200 of them to learn a substitute, 300 more to judge what it led to."
    )


@pytest.mark.parametrize("odd", [None, "odd", [], ["odd"], {"names": ["a"]}, [{"odd": 1}]])
def test_whatever_is_of_another_shape_is_left_out(robustness_of, odd):
    changed = dict.fromkeys(robustness_of(), odd)
    view = robustness_view(changed, "a")
    assert view.robust == "\u2014"
    assert view.drawings == []
    assert view.transfer is None


def test_nothing_is_loaded_from_elsewhere(robustness_of):
    example = {
        "where": "x",
        "clean": "https://example.org/a.png",
        "change": 3,
        "attacked": "data:text/html;base64,AA==",
    }
    (shown,) = robustness_view(robustness_of(examples=[example]), "a").examples
    assert (shown.clean, shown.change, shown.attacked) == (None, None, None)


def test_a_run_is_known_by_its_strongest_suite(robustness_of):
    results = [robustness_of(suite="pgd"), robustness_of(suite="quick", norm="l2"), robustness_of(suite="quick")]
    assert best_known(results) is results[2]
    results.append(robustness_of(suite="standard", norm="l2"))
    assert best_known(results) is results[3]
    assert best_known([robustness_of(robust_accuracy=None)]) is None
    assert best_known([]) is None


def test_what_is_unknown_of_a_size_is_not_made_up():
    assert size_text({"norm": "l2", "eps": None}) == "l2"
    assert robust_text(None) == "\u2014"
