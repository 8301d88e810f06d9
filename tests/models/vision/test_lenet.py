"""Tests of burnish.models.vision.lenet."""

import re

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models import count, create, notes


def test_multiply_adds_are_those_of_the_modern_form():
    with torch.device("meta"):
        counts = count(create("lenet5", 10, 1), torch.zeros(1, 1, 32, 32))
    assert counts.macs / 1e6 == pytest.approx(0.4165, abs=5e-5)


def test_digits_of_28_pixels_are_padded_to_32_and_it_says_so():
    model = create("lenet5", 10, 1, 28)
    assert sum(parameter.numel() for parameter in model.parameters()) == 61_706
    assert notes(model) == ("lenet5 pads 28x28 images with zeros to 32x32",)
    padded = torch.zeros(2, 1, 32, 32)
    padded[:, :, 2:30, 2:30] = torch.rand(2, 1, 28, 28)
    full = create("lenet5", 10, 1, 32)
    full.load_state_dict(model.state_dict())
    assert torch.equal(model(padded[:, :, 2:30, 2:30]), full(padded))
    assert notes(full) == ()


@pytest.mark.parametrize("size", [16, 17, 27, 29, 31, 33, 64, (16, 40), (30, 20)])
def test_any_size_from_16_works(size):
    height, width = (size, size) if isinstance(size, int) else size
    assert create("lenet5", 10, 3, size)(torch.rand(2, 3, height, width)).shape == (2, 10)


@pytest.mark.parametrize("size", [8, (15, 32)])
def test_a_smaller_image_is_refused_with_the_smallest_size(size):
    with pytest.raises(InputError, match=re.escape("lenet5 needs images of at least 16x16, got ")):
        create("lenet5", 10, 1, size)


def test_the_activation_is_a_choice():
    images = torch.rand(2, 3, 32, 32) * 100
    relu, tanh = create("lenet5", activation="relu"), create("lenet5")
    relu.load_state_dict(tanh.state_dict())
    assert tanh.act1(tanh.conv1(images)).abs().max() <= 1
    assert relu.act1(relu.conv1(images)).min() == 0
