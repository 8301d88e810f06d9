"""Tests of burnish.data.augment.operation."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.colour import PcaShift
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip, Rotate
from burnish.data.augment.operation import Colour, Geometric, Pixelwise


def test_an_operation_happens_with_its_probability():
    draws = Draws(0, 0, torch.arange(10_000))
    share = Rotate(probability=0.3).happens(draws, "0.rotate").double().mean().item()
    assert abs(share - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 10_000)  # 4 standard errors
    assert Rotate().happens(draws, "0.rotate").all()
    assert not Rotate(probability=0.0).happens(draws, "0.rotate").any()


def test_two_of_the_same_operation_happen_independently():
    draws = Draws(0, 0, torch.arange(10_000))
    one, two = (HorizontalFlip().happens(draws, slot).double() for slot in ("0.horizontal-flip", "1.horizontal-flip"))
    assert torch.corrcoef(torch.stack([one, two]))[0, 1].abs() < 4 / 100  # 4 standard errors


def test_an_operation_says_what_it_is_in_plain_data():
    assert Rotate(degrees=(0, 15)).to_dict() == {"name": "rotate", "probability": 1.0, "degrees": [0, 15]}
    assert PcaShift(components=((0.5,),)).to_dict()["components"] == [[0.5]]


def test_a_field_without_a_value_is_left_out():
    assert "step" not in Rotate().to_dict()


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan])
def test_a_probability_outside_its_range_is_named(probability):
    with pytest.raises(InputError, match=rf"probability of rotate must lie in \[0, 1\], got {probability}"):
        Rotate(probability=probability)


def test_an_operation_that_does_not_say_what_it_does_is_an_error():
    draws, nothing = Draws(0, 0, torch.arange(1)), torch.zeros(1, 3)
    with pytest.raises(NotImplementedError):
        Geometric().maps(draws, "x", nothing, (1, 1))
    with pytest.raises(NotImplementedError):
        Colour().matrices(draws, "x", nothing)
    with pytest.raises(NotImplementedError):
        Pixelwise().change(draws, "x", nothing, nothing)
