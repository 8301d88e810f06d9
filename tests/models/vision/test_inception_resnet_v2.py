"""Tests of burnish.models.vision.inception_resnet_v2."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, notes
from burnish.models.vision.inception_resnet_v2 import ScaledResidual


def test_counts_are_the_published_ones():
    with torch.device("meta"):
        model = create("inception_resnet_v2", 1000)
        counts = count(model, torch.zeros(1, 3, 299, 299))
    assert counts.parameters == 55_843_464
    assert len(model.state_dict()) == 1306
    assert counts.macs / 1e9 == pytest.approx(13.1558, abs=5e-5)


def test_maps_have_the_published_sizes():
    with torch.device("meta"):
        maps = create("inception_resnet_v2").features(torch.zeros(1, 3, 299, 299))
    shapes = [tuple(level.shape[1:]) for level in maps]
    assert shapes == [(64, 147, 147), (192, 71, 71), (320, 35, 35), (1088, 17, 17), (1536, 8, 8)]


def test_branches_are_scaled_by_what_the_published_network_has():
    with torch.device("meta"):
        model = create("inception_resnet_v2")
    for name, blocks, scale in (("repeat", 10, 0.17), ("repeat_1", 20, 0.10), ("repeat_2", 9, 0.20)):
        assert [block.scale for block in model.get_submodule(name)] == [scale] * blocks
        assert all(isinstance(block.act, nn.ReLU) for block in model.get_submodule(name))
    assert model.block8.scale == 1
    assert isinstance(model.block8.act, nn.Identity)


def test_a_block_adds_its_scaled_branches_to_its_input():
    torch.manual_seed(0)
    block = ScaledResidual(6, 4, 0.25, relu=False, one=nn.Conv2d(6, 3, 1), two=nn.Conv2d(6, 1, 3, padding=1))
    maps = torch.randn(2, 6, 5, 5)
    joint = torch.cat([block.one(maps), block.two(maps)], dim=1)
    torch.testing.assert_close(block(maps), maps + 0.25 * block.conv2d(joint))


@pytest.mark.parametrize(("relu", "kept"), [(True, False), (False, True)])
def test_only_a_block_without_relu_lets_negative_numbers_through(relu, kept):
    block = ScaledResidual(2, 2, 0.0, relu=relu, one=nn.Identity())
    maps = -torch.ones(1, 2, 3, 3)
    assert torch.equal(block(maps), maps if kept else torch.zeros_like(maps))
    assert torch.equal(maps, -torch.ones(1, 2, 3, 3))


@pytest.mark.parametrize(("stem", "smallest", "levels"), [("imagenet", 75, 5), ("small", 13, 4)])
def test_the_smallest_image_leaves_one_pixel_and_a_smaller_one_is_refused(stem, smallest, levels):
    with torch.device("meta"):
        model = create("inception_resnet_v2", 7, input_size=smallest, stem=stem).eval()
        maps = model.features(torch.zeros(1, 3, smallest, smallest))
    assert len(maps) == levels
    assert maps[-1].shape == (1, 1536, 1, 1)
    expected = f"inception-resnet-v2 needs images of at least {smallest}x{smallest}, got {smallest - 1}x{smallest}"
    with pytest.raises(InputError, match=re.escape(expected)):
        create("inception_resnet_v2", 7, input_size=(smallest - 1, smallest), stem=stem)


def test_small_images_take_another_stem_of_the_same_weights_and_it_says_so():
    with torch.device("meta"):
        small, large = create("inception_resnet_v2", input_size=28), create("inception_resnet_v2")
        shapes = [tuple(level.shape[1:]) for level in small.features(torch.zeros(1, 3, 28, 28))]
    assert shapes == [(192, 28, 28), (320, 14, 14), (1088, 6, 6), (1536, 2, 2)]
    assert [level.stride for level in small.levels] == [1, 2, 4, 8]
    assert notes(small) == (
        "inception-resnet-v2 takes a stem of stride 2 for 28x28 images "
        "(stem=imagenet keeps the published one of stride 8, for 75x75 and more)",
    )
    assert notes(large) == ()
    assert {n: t.shape for n, t in small.state_dict().items()} == {n: t.shape for n, t in large.state_dict().items()}


@pytest.mark.peer
@pytest.mark.parametrize("size", [(107, 107), (111, 139)])
def test_timm_agrees(size):
    ours = create("inception_resnet_v2", 1000, input_size=size)
    assert_same(ours, timm_model("inception_resnet_v2"), torch.rand(2, 3, *size))


def test_fewer_blocks_make_a_smaller_network_with_the_same_levels():
    with torch.device("meta"):
        whole, small = (
            create("inception-resnet-v2", 10, 3, 64),
            create("inception-resnet-v2", 10, 3, 64, blocks=(1, 2, 1)),
        )
    assert sum(p.numel() for p in small.parameters()) < 0.6 * sum(p.numel() for p in whole.parameters())
    assert [(level.channels, level.stride) for level in small.levels] == [
        (level.channels, level.stride) for level in whole.levels
    ]
    maps = small.eval().features(torch.empty(1, 3, 64, 64, device="meta"))
    assert [tuple(m.shape[1:2]) for m in maps] == [(level.channels,) for level in small.levels]


@pytest.mark.parametrize("blocks", [(1, 2), (1, 0, 1)])
def test_blocks_that_are_not_three_positive_numbers_are_refused(blocks):
    with pytest.raises(
        InputError, match=r"blocks of inception-resnet-v2 must be three positive numbers, one a kind, got \("
    ):
        create("inception-resnet-v2", blocks=blocks)
