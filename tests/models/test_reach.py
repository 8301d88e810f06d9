"""Tests of burnish.models.reach."""

import itertools

import pytest

from burnish.layers import Window, receptive_field
from burnish.models.reach import Reach

START = Reach(0)


def seen(reach, count=12):
    """First and last input of the first positions."""
    return [reach._at(i) for i in range(count)]


def test_a_stack_of_windows_gives_the_field_of_the_closed_form():
    windows = [Window(7, 2, 3), Window(3, 2, 1), Window(3, 1, 2, 2), Window(1, 2), Window(5)]
    reach = START
    for window in windows:
        reach = reach.window(window.kernel, window.stride, window.padding, window.dilation)
    expected = receptive_field(*windows)
    assert (reach.size, reach.stride) == (expected.size, expected.stride)


@pytest.mark.parametrize(("kernel", "stride", "padding"), list(itertools.product((1, 2, 3, 5), (1, 2, 3), (0, 1))))
def test_a_transposed_window_sees_what_its_taps_meet(kernel, stride, padding):
    reach = START.transposed(kernel, stride, padding)
    for position in range(10):
        hits = [k for k in range(-20, 20) if 0 <= position + padding - stride * k < kernel]
        low, high = reach._at(position)
        assert hits == list(range(low, high + 1))
    assert reach.stride == pytest.approx(1 / stride)


def test_a_transposed_window_with_holes_and_strides_claims_nothing():
    assert START.transposed(3, stride=2, dilation=2) is None
    assert START.transposed(3, dilation=2).size == 5


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("nearest", [(0, 0), (0, 0), (1, 1), (1, 1)]),
        ("nearest-exact", [(0, 0), (0, 0), (1, 1), (1, 1)]),
        ("linear", [(-1, 0), (0, 1), (0, 1), (1, 2)]),
        ("cubic", [(-2, 1), (-1, 2), (-1, 2), (0, 3)]),
    ],
)
def test_twice_the_size(mode, expected):
    assert seen(START.resized(8, 16, mode), 4) == expected


def test_corners_that_stay_in_place_and_threefold_centres():
    assert seen(START.resized(5, 9, "linear corners"), 3) == [(0, 0), (0, 1), (1, 1)]
    assert seen(START.resized(4, 12, "linear"), 3) == [(-1, 0), (0, 0), (0, 1)]
    assert START.resized(1, 4, "linear corners") is None


def test_downsampling_after_upsampling_comes_back_to_whole_strides():
    reach = START.resized(8, 16, "nearest").window(2, 2)
    assert (reach.size, reach.stride, reach.low) == (1, 1, (0,))


def test_a_meeting_sees_what_both_paths_see():
    ahead, behind = START.window(3), START.window(3, padding=2)
    assert ahead.join(behind).size == 5
    doubled = START.window(2, 2).transposed(2, 2)
    assert seen(doubled.join(START), 3) == [(0, 1), (0, 1), (2, 3)]


def test_paths_that_do_not_move_in_step_do_not_meet():
    assert START.join(START.window(1, 2)) is None
    assert START.join(Reach(1)) is None


def test_patterns_that_never_repeat_in_sight_claim_nothing():
    assert START.resized(1021, 1031, "linear") is None
