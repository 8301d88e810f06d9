"""Tests of burnish.defences.preprocessing.preprocessed."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.defences.preprocessing.bit_depth import BitDepth
from burnish.defences.preprocessing.jpeg import JPEG
from burnish.defences.preprocessing.median import MedianSmoothing
from burnish.defences.preprocessing.preprocessed import Preprocessed
from burnish.defences.preprocessing.total_variation import TotalVariation
from burnish.layers.normalise import Normalise
from burnish.models.with_input import WithInput

SEED = torch.Generator().manual_seed(0)
IMAGES = torch.rand(32, 1, 8, 8, generator=SEED)


def linear():
    torch.manual_seed(0)
    return WithInput(Normalise([0.5], [0.25]), nn.Sequential(nn.Flatten(), nn.Linear(64, 2)))


def gradient_at(model, images, targets):
    images = images.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(images), targets), images)[0]


@pytest.mark.parametrize("change", [BitDepth(2), MedianSmoothing(3), JPEG(50), TotalVariation(0.1)])
@pytest.mark.parametrize("straight_through", [None, True, False])
def test_forward_it_is_the_model_on_changed_pixels_whatever_the_gradient(change, straight_through):
    model = linear()
    assert torch.equal(Preprocessed(change, model, straight_through)(IMAGES), model(change(IMAGES)))


@pytest.mark.parametrize("change", [BitDepth(2), JPEG(50)])
def test_the_naive_attacker_sees_zeros_and_the_informed_one_does_not(change):
    model = linear()
    targets = model(IMAGES).argmax(1)
    assert not gradient_at(Preprocessed(change, model, straight_through=False), IMAGES, targets).any()
    informed = gradient_at(Preprocessed(change, model), IMAGES, targets)
    assert torch.equal(informed, gradient_at(model, change(IMAGES), targets))


def test_the_informed_attacker_takes_the_true_gradient_where_there_is_one():
    model, change = linear(), MedianSmoothing(3)
    targets = model(IMAGES).argmax(1)
    informed = gradient_at(Preprocessed(change, model), IMAGES, targets)
    assert torch.equal(informed, gradient_at(Preprocessed(change, model, straight_through=False), IMAGES, targets))
    assert not torch.equal(informed, gradient_at(Preprocessed(change, model, straight_through=True), IMAGES, targets))


def test_of_several_in_a_row_only_the_flat_ones_are_gone_around():
    model, rounding, median = linear(), BitDepth(2), MedianSmoothing(3)
    targets = model(IMAGES).argmax(1)
    defended = Preprocessed(nn.Sequential(rounding, median), model)
    assert torch.equal(defended(IMAGES), model(median(rounding(IMAGES))))
    expected = gradient_at(Preprocessed(median, model), rounding(IMAGES), targets)
    assert torch.equal(gradient_at(defended, IMAGES, targets), expected)
    around = gradient_at(Preprocessed(nn.Sequential(rounding, median), model, True), IMAGES, targets)
    assert torch.equal(around, gradient_at(model, median(rounding(IMAGES)), targets))


@pytest.mark.parametrize("change", [BitDepth(3), JPEG(50)])
def test_a_step_along_the_informed_gradient_fools_and_the_naive_one_does_nothing(change):
    model = linear()
    targets = Preprocessed(change, model)(IMAGES).argmax(1)
    right = {}
    for name, around in (("naive", False), ("informed", None)):
        defended = Preprocessed(change, model, around)
        moved = (IMAGES + 0.2 * gradient_at(defended, IMAGES, targets).sign()).clamp(0, 1)
        right[name] = (defended(moved).argmax(1) == targets).float().mean().item()
    assert right["naive"] == 1
    assert right["informed"] <= 0.1


def test_its_mode_is_that_of_the_model_so_that_attacks_take_it():
    assert not any(module.training for module in Preprocessed(BitDepth(3), linear().eval()).modules())
    assert Preprocessed(BitDepth(3), linear().train()).training


def test_the_model_is_as_before():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval(), nn.Flatten(), nn.Linear(72, 2))
    before = copy.deepcopy(model.state_dict())
    defended = Preprocessed(BitDepth(3), model)
    gradient_at(defended, IMAGES, torch.zeros(32, dtype=torch.int64))
    assert defended.model is model
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [module.training for module in model] == [True, False, True, True]
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
