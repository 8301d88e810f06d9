"""Tests of burnish.verbs.interface.table."""

import pytest

from burnish.verbs.interface.table import table


def test_columns_line_up_whatever_their_content():
    lines = table(["a", "number"], [["x", "1"], ["longer", "1,000"]], right=["number"]).splitlines()
    assert lines == ["a       number", "------  ------", "x            1", "longer   1,000"]


def test_wide_letters_take_two_columns():
    assert table(["a", "b"], [["日本", "x"], ["abcd", "y"]]).splitlines()[2:] == ["日本  x", "abcd  y"]


def test_a_short_row_is_a_bug():
    with pytest.raises(ValueError, match="shorter"):
        table(["a", "b"], [["x"]])
