"""Tests of burnish.reporting.confusion."""

import numpy as np
import pytest

from burnish.reporting.confusion import confusion


def test_the_deepest_colour_is_the_largest_share_of_a_row():
    rows = confusion([[90, 10], [0, 5]], ["cat", "dog"]).rows
    assert [[cell.level for cell in row] for row in rows] == [[8, 1], [0, 9]]
    assert [[cell.right for cell in row] for row in rows] == [[True, False], [False, True]]


def test_one_mistake_among_thousands_is_still_coloured():
    assert confusion([[9999, 1], [0, 1]], ["a", "b"]).rows[0][1].level == 1


def test_a_cell_says_what_it_counts():
    cell = confusion([[3, 1], [0, 4]], ["cat", "dog"]).rows[0][1]
    assert cell.hint == "cat taken for dog: 1 (25.0 %)"


def test_the_most_frequent_mistakes_come_first():
    matrix = [[5, 1, 3], [2, 5, 0], [0, 0, 5]]
    found = confusion(matrix, ["a", "b", "c"])
    assert [(m.truth, m.prediction, m.count) for m in found.mixups] == [("a", "c", 3), ("b", "a", 2), ("a", "b", 1)]


@pytest.mark.parametrize(("size", "dense", "drawn"), [(2, False, 2), (17, True, 17), (100, True, 100), (101, True, 0)])
def test_numbers_give_way_to_colour_and_colour_to_a_list(size, dense, drawn):
    matrix = (np.eye(size, dtype=int) + 1).tolist()
    found = confusion(matrix, [str(i) for i in range(size)])
    assert (found.dense, len(found.rows), len(found.mixups)) == (dense, drawn, min(8, size * (size - 1)))


def test_classes_without_a_name_go_by_their_number():
    assert confusion([[1, 0], [0, 1]], ["cat"]).names == ["cat", "1"]


def test_a_class_without_samples_has_no_colour():
    assert [cell.level for cell in confusion([[0, 0], [1, 1]], ["a", "b"]).rows[0]] == [0, 0]


@pytest.mark.parametrize("matrix", [None, [], [[1, 2]], [[1], [2]], [["a"]], 3])
def test_what_is_not_a_square_matrix_is_not_drawn(matrix):
    assert confusion(matrix, ["a"]) is None
