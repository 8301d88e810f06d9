"""Tests of burnish.defences.smoothing_certificates."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.defences.smoothing_certificates import ABSTAIN, Certificates, joined

FOUR = Certificates(
    classes=torch.tensor([0, 1, 2, ABSTAIN]),
    radii=torch.tensor([0.1, 0.5, 0.9, 0.0], dtype=torch.float64),
    lower=torch.tensor([0.6, 0.8, 0.95, 0.4], dtype=torch.float64),
    sigma=0.5,
    samples=100,
    alpha=0.001,
)


def test_the_curve_counts_what_is_right_and_holds_that_far():
    curve = FOUR.accuracy(torch.tensor([0, 1, 0, 3]), (0.0, 0.1, 0.2, 0.5, 0.6))
    assert [point.radius for point in curve] == [0.0, 0.1, 0.2, 0.5, 0.6]
    assert [point.accuracy for point in curve] == [proportion(count, 4) for count in (2, 2, 1, 1, 0)]


def test_one_that_abstains_is_wrong_even_at_radius_zero():
    assert FOUR.abstained.tolist() == [False, False, False, True]
    assert FOUR.accuracy(torch.tensor([0, 1, 2, ABSTAIN + 1]))[0].accuracy.value == 0.75


def test_the_level_of_the_intervals_can_be_chosen():
    point = FOUR.accuracy(torch.tensor([0, 1, 0, 3]), (0.2,), confidence=0.5)[0]
    assert point.accuracy == proportion(1, 4, 0.5)


def test_parts_join_in_order():
    whole = joined([FOUR, FOUR])
    assert len(whole) == 8
    assert whole.classes.tolist() == [0, 1, 2, -1] * 2
    assert whole.radii[4:].equal(FOUR.radii)
    assert whole.lower[:4].equal(FOUR.lower)
    assert (whole.sigma, whole.samples, whole.alpha) == (0.5, 100, 0.001)


def test_parts_of_several_kinds_are_refused():
    other = Certificates(FOUR.classes, FOUR.radii, FOUR.lower, 0.25, 100, 0.001)
    with pytest.raises(InputError, match=r"certificates of one kind can be joined, got .*\(0.25, 100, 0.001\)"):
        joined([FOUR, other])
    with pytest.raises(InputError, match="there are no certificates to join"):
        joined([])


def test_targets_of_another_length_are_named():
    with pytest.raises(InputError, match=r"there are 4 certificates, so targets must be \(4,\), got \(3,\)"):
        FOUR.accuracy(torch.tensor([0, 1, 2]))


@pytest.mark.parametrize("radius", [-0.1, float("nan"), float("inf")])
def test_a_radius_that_cannot_be_is_named(radius):
    with pytest.raises(InputError, match=f"a radius must be 0 or more, got {radius}"):
        FOUR.accuracy(torch.tensor([0, 1, 2, 3]), (radius,))
