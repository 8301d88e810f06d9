"""Tests of burnish.reporting.evaluation."""

import pytest

from burnish.reporting.evaluation import evaluation_view


def test_an_empty_evaluation_says_nothing():
    view = evaluation_view("test", {}, "a")
    assert (view.classes, view.confusion, view.mistakes, view.drawings, view.sample) == ([], None, [], [], None)


def test_few_classes_keep_their_order_and_many_are_sorted_worst_first(evaluation_of):
    few = evaluation_view("test", evaluation_of(["b", "a"]), "a")
    assert ([row.name for row in few.classes], few.classes_sorted) == (["b", "a"], False)
    many = evaluation_view("test", evaluation_of([str(i) for i in range(40)]), "a")
    scores = [row.f1 for row in many.classes]
    assert many.classes_sorted
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    "picture", ["https://example.org/x.png", "data:text/html;base64,AAAA", 'data:image/png;base64,"', 3]
)
def test_only_pictures_inside_the_file_are_shown(mistake_of, picture):
    view = evaluation_view(
        "test", {"mistakes": [mistake_of(0, picture=picture)], "samples": {"pictures": [picture]}}, "a"
    )
    assert (view.mistakes[0].picture, view.pictures) == (None, [])


def test_a_mistake_without_a_place_goes_by_its_number(mistake_of):
    view = evaluation_view("test", {"mistakes": [mistake_of(7, where=None)]}, "a")
    assert view.mistakes[0].where == "sample 7"


def test_columns_are_those_of_every_row_in_order(mistake_of):
    rows = [mistake_of(0, row={"age": 3, "name": "x"}), mistake_of(1, row={"age": 4, "size": 0.25})]
    view = evaluation_view("test", {"mistakes": rows}, "a")
    assert view.columns == ["age", "name", "size"]
    assert view.mistakes[1].row == {"age": "4", "size": "0.25"}


def test_a_passage_of_text_has_neither_truth_nor_prediction(mistake_of):
    view = evaluation_view("test", {"mistakes": [mistake_of(0, truth=None, prediction=None), mistake_of(1)]}, "a")
    assert [mistake.named for mistake in view.mistakes] == [False, True]


@pytest.mark.parametrize(("matrix", "flawless"), [([[2, 0], [0, 2]], True), ([[2, 1], [0, 2]], False), (None, False)])
def test_a_split_without_a_mistake_is_called_so(matrix, flawless):
    assert evaluation_view("test", {"confusion": matrix}, "a").flawless is flawless


def test_regression_draws_its_residuals():
    view = evaluation_view("test", {"residuals": {"target": [1.0, 2.0], "prediction": [1.1, 1.9]}}, "a")
    assert [drawing.title for drawing in view.drawings] == ["Prediction against target"]
    assert "2 samples" in view.drawings[0].description
