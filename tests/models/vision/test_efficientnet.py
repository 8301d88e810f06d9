"""Tests of burnish.models.vision.efficientnet."""

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.models import count, create, entry, notes
from burnish.models.vision.efficientnet import MBConv

COUNTS = {
    "efficientnet-b0": (5_288_548, 0.3858, 360, 224),
    "efficientnet-b1": (7_794_184, 0.6868, 508, 240),
    "efficientnet-b2": (9_109_994, 1.0875, 508, 288),
    "efficientnet-b3": (12_233_232, 1.8271, 574, 300),
    "efficientnet-b4": (19_341_616, 4.3938, 706, 380),
    "efficientnet-b5": (30_389_784, 10.2664, 854, 456),
    "efficientnet-b6": (43_040_704, 19.0676, 986, 528),
    "efficientnet-b7": (66_347_960, 37.7459, 1200, 600),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    parameters, macs, keys, side = expected
    assert entry(name).native_size == side
    with torch.device("meta"):
        model = create(name, 1000, 3)
        counts = count(model, torch.zeros(1, 3, side, side))
    assert counts.parameters == parameters
    assert counts.macs / 1e9 == pytest.approx(macs, abs=5e-5)
    assert len(model.state_dict()) == keys


@pytest.mark.parametrize(("name", "constants"), [("efficientnet-b4", (1e-5, 0.1)), ("efficientnet-b5", (1e-3, 0.01))])
def test_normalisations_have_the_constants_of_the_published_weights(name, constants):
    with torch.device("meta"):
        norms = [module for module in create(name).modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {constants}


def test_branches_survive_less_and_less_along_a_line():
    with torch.device("meta"):
        blocks = [module for module in create("efficientnet-b0").modules() if isinstance(module, MBConv)]
    assert len(blocks) == 16
    for number, block in enumerate(blocks):
        if block.residual:
            assert block.stochastic_depth.survival == pytest.approx(1 - 0.2 * number / 16)
        else:
            assert not isinstance(block.stochastic_depth, StochasticDepth)
    assert sum(block.residual for block in blocks) == 9


def test_a_quarter_of_a_blocks_input_is_the_squeezed_width():
    assert MBConv(24, 40, 6, 5, 2, 1.0, nn.BatchNorm2d).block[2].fc1.out_channels == 6
    assert MBConv(3, 8, 1, 3, 1, 1.0, nn.BatchNorm2d).block[1].fc1.out_channels == 1


def test_own_coefficients_give_another_size():
    with torch.device("meta"):
        grown, b1 = create("efficientnet-b0", depth=1.1), create("efficientnet-b1")
    shapes = [{name: tensor.shape for name, tensor in model.state_dict().items()} for model in (grown, b1)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("size", [28, 32])
def test_small_images_end_as_4x4(size):
    model = create("efficientnet-b0", 10, 3, size, width=0.5).eval()
    assert notes(model) == (
        f"efficientnet-b0 leaves out its first two strides for {size}x{size} images (stem=imagenet keeps them)",
    )
    assert model.features(torch.rand(1, 3, size, size))[-1].shape[-1] == 4


def test_it_keeps_channels_last():
    images = torch.rand(2, 3, 32, 32).to(memory_format=torch.channels_last)
    model = create("efficientnet-b0", input_size=32, width=0.5).to(memory_format=torch.channels_last)
    assert model.features(images)[-1].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("survival", 0.0, r"survival must lie in \(0, 1\], got 0\.0"),
        ("depth", 0.0, r"depth must be greater than 0, got 0\.0"),
    ],
)
def test_options_out_of_range_are_refused(option, value, message):
    with pytest.raises(InputError, match=message):
        create("efficientnet-b0", **{option: value})


def test_translation_leaves_the_native_layout_alone():
    with torch.device("meta"):
        model = create("efficientnet-b0")
    assert list(model.translate(model.state_dict())) == list(model.state_dict())


@pytest.mark.peer
@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnet-b2", "efficientnet-b5"])
def test_outputs_and_statistics_are_those_of_torchvision(name):
    torch.manual_seed(0)
    theirs = torchvision_model(name.replace("-", "_"))
    ours = create(name, 1000, stem="imagenet")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same(ours, theirs, torch.rand(2, 3, 96, 65))


@pytest.mark.peer
@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnet-b1"])
def test_outputs_and_statistics_are_those_of_timm(name):
    torch.manual_seed(0)
    assert_same(create(name, 1000), timm_model(name.replace("-", "_")), torch.rand(2, 3, 96, 65))
