"""Tests of burnish.reporting.robustness."""

import pytest

from burnish.reporting.robustness import eps_text


@pytest.mark.parametrize(
    ("eps", "text"), [(8 / 255, "8/255"), (0.5 / 255, "0.001961"), (0.2, "0.2"), (12.0, "12"), (0.0, "0"), (1.0, "1")]
)
def test_sizes_are_written_as_people_do(eps, text):
    assert eps_text(eps) == text
