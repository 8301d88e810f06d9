"""Tests of burnish.layers.permute."""

import torch

from burnish.layers.permute import Permute


def test_there_and_back_is_the_same_memory():
    images = torch.randn(2, 3, 4, 5)
    there = Permute(0, 2, 3, 1)(images)
    assert torch.equal(there[1, 2, 3], images[1, :, 2, 3])
    back = Permute(0, 3, 1, 2)(there)
    assert torch.equal(back, images)
    assert back.data_ptr() == images.data_ptr()
