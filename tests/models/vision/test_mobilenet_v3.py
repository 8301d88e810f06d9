"""Tests of burnish.models.vision.mobilenet_v3."""

import pytest
import torch
from tests.oracles import assert_same, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.layers.squeeze_excite import SqueezeExcite
from burnish.models import count, create, notes

COUNTS = {"mobilenet-v3-small": (2_542_856, 0.0565, 244), "mobilenet-v3-large": (5_483_032, 0.2166, 312)}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_paper(name, expected):
    with torch.device("meta"):
        model = create(name, 1000, 3)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert counts.macs / 1e9 == pytest.approx(expected[1], abs=5e-5)
    assert len(model.state_dict()) == expected[2]


@pytest.mark.parametrize("name", COUNTS)
def test_normalisations_have_the_constants_of_the_published_weights(name):
    norms = [module for module in create(name).modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


def test_gates_are_hard_and_activations_turn_hard_where_the_tables_say():
    model = create("mobilenet-v3-large")
    gates = {type(m.gate) for m in model.modules() if isinstance(m, SqueezeExcite)}
    assert gates == {nn.Hardsigmoid}
    first = [
        next(m for m in block.modules() if isinstance(m, nn.ReLU | nn.Hardswish)) for block in list(model.features)[1:]
    ]
    assert [isinstance(activation, nn.Hardswish) for activation in first] == [False] * 6 + [True] * 10


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("size", [28, 32])
def test_small_images_end_as_4x4(name, size):
    model = create(name, 10, 3, size).eval()
    assert notes(model) == (
        f"{name} leaves out its first two strides for {size}x{size} images (stem=imagenet keeps them)",
    )
    assert model.features(torch.rand(1, 3, size, size))[-1].shape[-1] == 4


def test_the_head_is_all_that_follows_the_pooling():
    groups = create("mobilenet-v3-small").parameter_groups()
    assert len(groups["head"]) == 4
    assert list(groups)[-2] == "final"


def test_a_width_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match=r"width must be greater than 0, got 0\.0"):
        create("mobilenet-v3-small", width=0)


@pytest.mark.peer
@pytest.mark.parametrize("width", [1.0, 0.5])
@pytest.mark.parametrize("name", COUNTS)
def test_outputs_and_statistics_are_those_of_torchvision(name, width):
    torch.manual_seed(0)
    theirs = torchvision_model(name.replace("-", "_"), width_mult=width)
    ours = create(name, 1000, width=width, stem="imagenet")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same(ours, theirs, torch.rand(2, 3, 96, 65))
