"""Tests of burnish.models.vision.inception_v4."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model

from burnish.common.errors import InputError
from burnish.models import count, create, notes
from burnish.models.vision.inception_v4 import BlockC


def test_counts_are_the_published_ones():
    with torch.device("meta"):
        model = create("inception_v4", 1000)
        counts = count(model, torch.zeros(1, 3, 299, 299))
    assert counts.parameters == 42_679_816
    assert len(model.state_dict()) == 896
    assert counts.macs / 1e9 == pytest.approx(12.2540, abs=5e-5)


def test_maps_have_the_published_sizes():
    with torch.device("meta"):
        shapes = [tuple(level.shape[1:]) for level in create("inception_v4").features(torch.zeros(1, 3, 299, 299))]
    assert shapes == [(64, 147, 147), (192, 71, 71), (384, 35, 35), (1024, 17, 17), (1536, 8, 8)]


def test_no_mean_counts_pixels_outside_the_image():
    with torch.device("meta"):
        pools = [module for module in create("inception_v4").modules() if isinstance(module, torch.nn.AvgPool2d)]
    assert len(pools) == 14
    assert not any(pool.count_include_pad for pool in pools)


def test_the_last_kind_of_block_keeps_size_and_channels():
    with torch.device("meta"):
        assert BlockC()(torch.zeros(2, 1536, 5, 4)).shape == (2, 1536, 5, 4)


@pytest.mark.parametrize(("stem", "smallest", "levels"), [("imagenet", 75, 5), ("small", 13, 4)])
def test_the_smallest_image_leaves_one_pixel_and_a_smaller_one_is_refused(stem, smallest, levels):
    with torch.device("meta"):
        model = create("inception_v4", 7, input_size=smallest, stem=stem).eval()
        maps = model.features(torch.zeros(1, 3, smallest, smallest))
    assert len(maps) == levels
    assert maps[-1].shape == (1, 1536, 1, 1)
    expected = f"inception-v4 needs images of at least {smallest}x{smallest}, got {smallest - 1}x{smallest}"
    with pytest.raises(InputError, match=re.escape(expected)):
        create("inception_v4", 7, input_size=(smallest - 1, smallest), stem=stem)


def test_small_images_take_another_stem_of_the_same_weights_and_it_says_so():
    with torch.device("meta"):
        small, large = create("inception_v4", input_size=28), create("inception_v4")
        shapes = [tuple(level.shape[1:]) for level in small.features(torch.zeros(1, 3, 28, 28))]
    assert shapes == [(192, 28, 28), (384, 14, 14), (1024, 6, 6), (1536, 2, 2)]
    assert [level.stride for level in small.levels] == [1, 2, 4, 8]
    assert notes(small) == (
        "inception-v4 takes a stem of stride 2 for 28x28 images "
        "(stem=imagenet keeps the published one of stride 8, for 75x75 and more)",
    )
    assert notes(large) == ()
    assert {n: t.shape for n, t in small.state_dict().items()} == {n: t.shape for n, t in large.state_dict().items()}


@pytest.mark.peer
@pytest.mark.parametrize("size", [(107, 107), (111, 139)])
def test_timm_agrees(size):
    assert_same(create("inception_v4", 1000, input_size=size), timm_model("inception_v4"), torch.rand(2, 3, *size))


def test_fewer_blocks_make_a_smaller_network_with_the_same_levels():
    with torch.device("meta"):
        whole, small = create("inception-v4", 10, 3, 64), create("inception-v4", 10, 3, 64, blocks=(1, 2, 1))
    assert sum(p.numel() for p in small.parameters()) < 0.6 * sum(p.numel() for p in whole.parameters())
    assert [(level.channels, level.stride) for level in small.levels] == [
        (level.channels, level.stride) for level in whole.levels
    ]
    maps = small.eval().features(torch.empty(1, 3, 64, 64, device="meta"))
    assert [tuple(m.shape[1:2]) for m in maps] == [(level.channels,) for level in small.levels]


@pytest.mark.parametrize("blocks", [(1, 2), (1, 0, 1)])
def test_blocks_that_are_not_three_positive_numbers_are_refused(blocks):
    with pytest.raises(InputError, match=r"blocks of inception-v4 must be three positive numbers, one a kind, got \("):
        create("inception-v4", blocks=blocks)
