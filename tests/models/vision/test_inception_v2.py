"""Tests of burnish.models.vision.inception_v2."""

import pytest
import torch
import torch.nn.functional as F

from burnish.models import count, create, notes
from burnish.models.vision.inception_v2 import HalvingPool


@pytest.mark.parametrize(("conv_bias", "expected"), [(True, 11_295_240), (False, 11_285_224)])
def test_parameters_are_those_of_the_published_network(conv_bias, expected):
    with torch.device("meta"):
        model = create("inception_v2", 1000, conv_bias=conv_bias)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected
    assert counts.macs / 1e9 == pytest.approx(2.033, abs=5e-4)


def test_maps_have_the_sizes_of_figure_5():
    with torch.device("meta"):
        shapes = [tuple(level.shape[1:]) for level in create("inception_v2").features(torch.zeros(1, 3, 224, 224))]
    assert shapes == [(64, 112, 112), (192, 56, 56), (320, 28, 28), (608, 14, 14), (1024, 7, 7)]


def test_a_bias_changes_nothing_while_training():
    torch.manual_seed(0)
    plain, biased = create("inception_v2", input_size=32), create("inception_v2", input_size=32, conv_bias=True)
    biased.load_state_dict(plain.state_dict(), strict=False)
    for name, parameter in biased.named_parameters():
        if name.endswith("conv.bias"):
            torch.nn.init.normal_(parameter)
    images = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(biased(images), plain(images), rtol=1e-3, atol=1e-3)


def test_blocks_of_stride_2_pass_the_maxima_on():
    block = create("inception_v2", input_size=32).inception3c
    maps = torch.rand(2, 320, 8, 8)
    out = block(maps)
    assert out.shape == (2, 576, 4, 4)
    assert torch.equal(out[:, -320:], F.max_pool2d(maps, 3, 2, ceil_mode=True))


@pytest.mark.parametrize(("name", "kind"), [("inception5a", torch.nn.AvgPool2d), ("inception5b", torch.nn.MaxPool2d)])
def test_only_the_last_block_pools_by_maxima_within_its_resolution(name, kind):
    assert isinstance(create("inception_v2", input_size=32).get_submodule(name).branch4[0], kind)


@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_pooling_fits_a_padded_convolution_of_stride_2(side):
    maps = torch.rand(1, 1, side, side)
    assert HalvingPool()(maps).shape == F.conv2d(maps, torch.rand(1, 1, 3, 3), stride=2, padding=1).shape


def test_windows_start_at_the_first_pixel_of_an_even_side_and_before_that_of_an_odd_one():
    even, odd = torch.arange(6.0).reshape(1, 1, 1, 6), torch.arange(5.0).reshape(1, 1, 1, 5)
    assert HalvingPool()(even).flatten().tolist() == [2, 4, 5]
    assert HalvingPool()(odd).flatten().tolist() == [1, 3, 4]


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (33, 47), (65, 79)])
def test_any_size_works(size):
    model = create("inception_v2", 7, 1, size).eval()
    assert model(torch.rand(1, 1, *size)).shape == (1, 7)


def test_small_images_keep_four_pixels_and_it_says_so():
    model = create("inception_v2", 7, 3, 32).eval()
    assert notes(model) == (
        "inception-v2 takes a 3x3 stem of stride 2 for 32x32 images (stem=imagenet keeps the 7x7 one of stride 8)",
    )
    assert [level.stride for level in model.levels] == [1, 2, 4, 8]
    assert model.features(torch.rand(1, 3, 32, 32))[-1].shape == (1, 1024, 4, 4)
    assert notes(create("inception_v2", 7, 3, 32, stem="imagenet")) == ()
    assert create("inception_v2", 7, 3, 224, stem="small").conv1.conv.kernel_size == (3, 3)
