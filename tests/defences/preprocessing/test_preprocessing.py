"""Tests of burnish.defences.preprocessing.preprocessing."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.defences.preprocessing.preprocessing import Preprocessing, check_images


class Darker(Preprocessing):
    def process(self, images):
        return images / 2


def test_a_subclass_gives_the_change_alone():
    images = torch.rand(2, 3, 4, 5)
    assert torch.equal(Darker()(images), images / 2)


def test_one_that_says_no_change_is_an_error():
    with pytest.raises(NotImplementedError, match="Preprocessing does not say what it changes"):
        Preprocessing()(torch.rand(1, 1, 2, 2))


def test_the_bounds_themselves_and_no_images_are_fine():
    check_images(torch.tensor([[[[0.0, 1.0]]]]), "anything")
    check_images(torch.zeros(0, 3, 4, 4), "anything")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 1, 2, 2, dtype=torch.uint8), r"Darker needs float images in \[0, 1\], got uint8: divide"),
        (torch.zeros(1, 2, 2), r"Darker needs images \(N, C, H, W\), got shape \(1, 2, 2\)"),
        (torch.full((1, 1, 2, 2), 1.01), r"Darker needs pixels in \[0, 1\], got values from 1.01 to 1.01: put it"),
        (torch.full((1, 1, 2, 2), -0.5), r"Darker needs pixels in \[0, 1\], got values from -0.5 to -0.5"),
        (torch.full((1, 1, 2, 2), torch.nan), r"Darker needs pixels in \[0, 1\], got values from nan to nan"),
    ],
)
def test_what_is_no_image_is_said_in_one_line(images, message):
    with pytest.raises(InputError, match=message) as caught:
        Darker()(images)
    assert "\n" not in str(caught.value)
