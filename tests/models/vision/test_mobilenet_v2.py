"""Tests of burnish.models.vision.mobilenet_v2."""

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model

from burnish.common.errors import InputError
from burnish.models import count, create, notes
from burnish.models.vision.mobilenet_v2 import InvertedResidual


def test_counts_are_those_of_the_paper():
    with torch.device("meta"):
        model = create("mobilenet-v2", 1000, 3)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == 3_504_872
    assert counts.macs / 1e9 == pytest.approx(0.3008, abs=5e-5)
    assert len(model.state_dict()) == 314


def test_a_block_adds_its_input_only_where_the_shape_stays():
    x = torch.randn(2, 8, 6, 6)
    for out_channels, stride, kept in ((8, 1, True), (8, 2, False), (16, 1, False)):
        block = InvertedResidual(8, out_channels, stride, 6).eval()
        torch.nn.init.zeros_(block.conv[-1].weight)
        assert torch.equal(block(x), x) if kept else not block(x).any()


def test_the_narrow_end_of_a_block_is_linear():
    torch.manual_seed(0)
    assert InvertedResidual(4, 8, 1, 6)(torch.randn(2, 4, 6, 6)).min() < 0


def test_the_last_convolution_never_gets_narrower_than_1280():
    assert create("mobilenet-v2", width=0.5).classifier[1].in_features == 1280
    assert create("mobilenet-v2", width=1.4).classifier[1].in_features == 1792


@pytest.mark.parametrize(("size", "left"), [(32, 4), (28, 4), (64, 8)])
def test_small_images_keep_a_resolution_of_an_eighth(size, left):
    model = create("mobilenet-v2", 10, 3, size).eval()
    assert notes(model) == (
        f"mobilenet-v2 leaves out its first two strides for {size}x{size} images (stem=imagenet keeps them)",
    )
    maps = model.features(torch.rand(1, 3, size, size))
    assert maps[0].shape[-1] == size
    assert maps[-1].shape[-1] == left


def test_a_map_handed_out_is_not_overwritten_by_later_layers():
    torch.manual_seed(0)
    model, images = create("mobilenet-v2", 10, 3, 32).eval(), torch.rand(1, 3, 32, 32)
    before = []
    for tap in model.features.taps[:-1]:
        model.features[tap].register_forward_hook(lambda module, args, output: before.append(output.clone()))
    after = model.features(images)[:-1]
    assert all(torch.equal(early, late) for early, late in zip(before, after, strict=True))


@pytest.mark.parametrize("width", [0.0, -0.5])
def test_a_width_that_is_not_positive_is_refused(width):
    with pytest.raises(InputError, match=f"width must be greater than 0, got {width}"):
        create("mobilenet-v2", width=width)


def test_translation_leaves_the_native_layout_alone():
    state = create("mobilenet-v2").state_dict()
    assert list(create("mobilenet-v2").translate(state)) == list(state)


@pytest.mark.peer
@pytest.mark.parametrize("width", [1.0, 0.75])
def test_outputs_and_statistics_are_those_of_torchvision(width):
    torch.manual_seed(0)
    theirs = torchvision_model("mobilenet_v2", width_mult=width)
    assert list(create("mobilenet-v2", 1000, width=width).state_dict()) == list(theirs.state_dict())
    assert_same(create("mobilenet-v2", 1000, width=width, stem="imagenet"), theirs, torch.rand(2, 3, 96, 65))


@pytest.mark.peer
def test_outputs_and_statistics_are_those_of_timm():
    torch.manual_seed(0)
    assert_same(create("mobilenet-v2", 1000), timm_model("mobilenetv2_100"), torch.rand(2, 3, 96, 65))
