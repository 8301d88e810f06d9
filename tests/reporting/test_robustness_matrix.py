"""Tests of burnish.reporting.robustness_matrix."""

import pytest

from burnish.reporting.robustness_matrix import heat_map


def test_the_more_was_lost_the_deeper_the_cell(robustness_of):
    found = heat_map(robustness_of()["transfer"])
    assert [name for name, _ in found.rows] == ["no attack", "made on 0001-fit", "made on 0002-fit"]
    levels = [[cell.level for cell in cells] for _, cells in found.rows]
    assert levels == [[0, 0], [8, 4], [3, 9]]
    assert [cell.text for cell in found.rows[1][1]] == ["10 %", "60 %"]


def test_a_cell_says_in_words_what_it_is_and_what_noise_would_have_done(robustness_of):
    found = heat_map(robustness_of()["transfer"])
    assert found.rows[1][1][1].hint == "0002-fit under pgd made on 0001-fit: 60.0 %; under noise of equal size 80.0 %"
    assert found.rows[0][1][0].hint == "0001-fit without any attack: 98.0 %"


def test_a_matrix_without_noise_is_still_a_matrix(robustness_of):
    told = robustness_of()["transfer"] | {"noise": None}
    assert heat_map(told).rows[1][1][0].hint.endswith("10.0 %")


@pytest.mark.parametrize("odd", [None, "odd", {}, {"names": ["a"], "clean": [1], "robust": [[1, 2]]}])
def test_anything_else_is_no_matrix(odd):
    assert heat_map(odd) is None
