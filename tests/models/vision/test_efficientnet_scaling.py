"""Tests of burnish.models.vision.efficientnet_scaling."""

import pytest

from burnish.common.errors import InputError
from burnish.models.vision.efficientnet_scaling import BASELINE, compound, scaled


def test_no_scaling_is_the_baseline():
    same = scaled()
    assert same.stages == BASELINE
    assert (same.stem, same.head, same.side) == (32, 1280, 224)


def test_b7_has_the_widths_and_depths_of_the_published_model():
    b7 = scaled(2.0, 3.1, 600 / 224)
    assert [stage.channels for stage in b7.stages] == [32, 48, 80, 160, 224, 384, 640]
    assert [stage.blocks for stage in b7.stages] == [4, 7, 7, 10, 10, 13, 4]
    assert (b7.stem, b7.head, b7.side) == (64, 2560, 600)


def test_depth_is_rounded_up_and_width_to_multiples_of_8():
    grown = scaled(1.1, 1.1)
    assert [stage.blocks for stage in grown.stages] == [2, 3, 3, 4, 4, 5, 2]
    assert [stage.channels for stage in grown.stages] == [16, 24, 48, 88, 120, 208, 352]


def test_the_compound_coefficient_doubles_the_cost_at_each_step():
    width, depth, resolution = compound(3)
    assert (width, depth, resolution) == pytest.approx((1.1**3, 1.2**3, 1.15**3))
    assert depth * width**2 * resolution**2 == pytest.approx(2**3, rel=0.25)


@pytest.mark.parametrize(("name", "value"), [("width", 0), ("depth", -1), ("resolution", 0.0)])
def test_a_coefficient_that_is_not_positive_is_refused(name, value):
    with pytest.raises(InputError, match=f"{name} must be greater than 0, got {value}"):
        scaled(**{name: value})
