"""Tests of burnish.data.images.resized."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import load
from burnish.data.images.resized import ResizedSource
from burnish.data.source import TensorSource


def test_the_same_size_gives_the_same_pixels():
    images = torch.rand(3, 1, 8, 8)
    assert torch.allclose(ResizedSource(TensorSource(images), 8).gather(torch.arange(3))[0], images)


def test_a_constant_image_stays_constant_and_targets_stay():
    source = ResizedSource(TensorSource(torch.full((4, 3, 8, 8), 0.25), torch.arange(4)), 20)
    images, targets = source.gather(torch.tensor([2, 0]))
    assert images.shape == (2, 3, 20, 20)
    assert torch.allclose(images, torch.tensor(0.25))
    assert targets.tolist() == [2, 0]
    assert source.labels().tolist() == [0, 1, 2, 3]


def test_shrinking_by_a_whole_factor_keeps_the_mean():
    images = torch.rand(2, 1, 32, 32)
    small = ResizedSource(TensorSource(images), 8).gather(torch.arange(2))[0]
    assert torch.allclose(small.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)), atol=0.02)


def test_a_named_image_set_takes_an_input_size():
    data = load("digits", input_size=16)
    assert data.schema.input_shape == (1, 16, 16)
    assert data.test.gather(torch.tensor([0]))[0].shape == (1, 1, 16, 16)
    assert data.train.labels().shape == (len(data.train),)


def test_a_named_table_refuses_an_input_size():
    with pytest.raises(InputError, match="input_size=16 means nothing for the set iris"):
        load("iris", input_size=16)


def test_a_side_below_one_is_refused():
    with pytest.raises(InputError, match="input_size must be at least 1, got 0"):
        load("digits", input_size=0)
