"""Tests of burnish.models.vision.densenet_cifar."""

import re

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create

COUNTS = {"densenet-40-12": (1_019_722, 264.8), "densenet-bc-100-12": (769_162, 287.9)}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_paper(name, expected):
    with torch.device("meta"):
        counts = count(create(name, 10, 3), torch.zeros(1, 3, 32, 32))
    assert counts.parameters == expected[0]
    assert counts.macs / 1e6 == pytest.approx(expected[1], abs=0.05)


@pytest.mark.parametrize(("name", "depth"), [("densenet-40-12", 40), ("densenet-bc-100-12", 100)])
def test_the_depth_counts_layers_with_weights(name, depth):
    with torch.device("meta"):
        model = create(name)
    assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules()) == depth


def test_only_the_compact_one_compresses():
    with torch.device("meta"):
        plain, compact = create("densenet-40-12"), create("densenet-bc-100-12")
    assert plain.features.transition1.conv.weight.shape[:2] == (160, 160)
    assert compact.features.transition1.conv.weight.shape[:2] == (108, 216)


@pytest.mark.parametrize(("name", "depth", "dropouts"), [("densenet-40-12", 10, 8), ("densenet-bc-100-12", 10, 8)])
def test_dropout_is_after_every_convolution_but_the_first(name, depth, dropouts):
    model = create(name, depth=depth, dropout=0.2)
    found = [module.p for module in model.modules() if isinstance(module, nn.Dropout)]
    assert found == [0.2] * dropouts
    assert not [module for module in create(name, depth=depth).modules() if isinstance(module, nn.Dropout)]


@pytest.mark.parametrize("size", [4, 28, (33, 7)])
def test_any_size_from_4_works(size):
    height, width = (size, size) if isinstance(size, int) else size
    assert create("densenet-40-12", 10, 3, size, depth=7)(torch.rand(2, 3, height, width)).shape == (2, 10)


def test_a_smaller_image_is_refused_with_the_smallest_size():
    with pytest.raises(InputError, match=re.escape("densenet-bc-100-12 needs images of at least 4x4, got 3x8")):
        create("densenet-bc-100-12", input_size=(3, 8))


@pytest.mark.parametrize(
    ("name", "depth", "form"), [("densenet-40-12", 41, "3 n + 4"), ("densenet-bc-100-12", 13, "6 n + 4")]
)
def test_a_depth_that_does_not_fit_three_blocks_is_refused(name, depth, form):
    with pytest.raises(InputError, match=re.escape(f"the depth of this DenseNet must be {form}") + f".*got {depth}"):
        create(name, depth=depth)


def test_a_growth_below_1_is_refused():
    with pytest.raises(InputError, match="growth must be at least 1, got 0"):
        create("densenet-40-12", growth=0)
