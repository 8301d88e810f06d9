"""Tests of burnish.defences.preprocessing.straight_through."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.defences.preprocessing.bit_depth import BitDepth
from burnish.defences.preprocessing.straight_through import StraightThrough, straight_through

IMAGES = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def test_forward_it_is_the_change_to_the_bit():
    assert torch.equal(StraightThrough(BitDepth(3))(IMAGES), BitDepth(3)(IMAGES))


def test_the_function_is_one_call_of_the_module():
    assert torch.equal(straight_through(BitDepth(3), IMAGES), StraightThrough(BitDepth(3))(IMAGES))


def test_its_mode_is_that_of_the_change():
    assert not StraightThrough(BitDepth(3)).training
    assert StraightThrough(nn.Dropout()).training


def test_backward_it_is_the_identity():
    images, weight = IMAGES.clone().requires_grad_(), IMAGES.flip(0) - 0.5
    (gradient,) = torch.autograd.grad((StraightThrough(BitDepth(3))(images) * weight).sum(), images)
    assert torch.equal(gradient, weight)


def test_the_gradient_behind_it_is_taken_at_the_changed_images():
    images = IMAGES.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(StraightThrough(BitDepth(3))(images).square().sum(), images)
    assert torch.equal(gradient, 2 * BitDepth(3)(IMAGES))


def test_a_change_of_shape_is_named():
    with pytest.raises(InputError, match=r"Flatten turns images \(2, 3, 4, 4\) into \(2, 48\): gradients go straight"):
        StraightThrough(nn.Flatten())(IMAGES)
