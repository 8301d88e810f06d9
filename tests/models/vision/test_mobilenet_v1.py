"""Tests of burnish.models.vision.mobilenet_v1."""

import pytest
import torch
from tests.oracles import assert_same, timm_model

from burnish.common.errors import InputError
from burnish.models import count, create, notes


def test_counts_are_those_of_the_paper():
    with torch.device("meta"):
        model = create("mobilenet-v1", 1000, 3)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == 4_231_976
    assert counts.macs / 1e9 == pytest.approx(0.5687, abs=5e-5)
    assert len(model.state_dict()) == 164


@pytest.mark.parametrize(("width", "millions"), [(0.75, 2.6), (0.5, 1.3), (0.25, 0.5)])
def test_narrower_ones_have_the_sizes_of_table_7(width, millions):
    with torch.device("meta"):
        model = create("mobilenet-v1", 1000, 3, width=width)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("size", [28, 32, (17, 64)])
def test_small_images_keep_a_resolution_of_an_eighth(size):
    model = create("mobilenet-v1", 10, 3, size, width=0.25).eval()
    height, width = (size, size) if isinstance(size, int) else size
    assert "leaves out its first two strides" in notes(model)[0]
    assert model.features(torch.rand(1, 3, height, width))[-1].shape[2:] == (-(-height // 8), -(-width // 8))


def test_it_keeps_channels_last():
    images = torch.rand(2, 3, 32, 32).to(memory_format=torch.channels_last)
    model = create("mobilenet-v1", input_size=32, width=0.25).to(memory_format=torch.channels_last)
    assert model.features(images)[-1].is_contiguous(memory_format=torch.channels_last)


def test_a_width_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match=r"width must be greater than 0, got 0\.0"):
        create("mobilenet-v1", width=0)


@pytest.mark.peer
def test_outputs_and_statistics_are_those_of_timm():
    torch.manual_seed(0)
    images = torch.rand(2, 3, 97, 64)
    assert_same(create("mobilenet-v1", 1000, 3, stem="imagenet"), timm_model("mobilenetv1_100"), images)


@pytest.mark.peer
@pytest.mark.parametrize("width", [1.25])
def test_widths_are_rounded_as_in_timm(width):
    theirs = timm_model("mobilenetv1_125").state_dict()
    ours = create("mobilenet-v1", 1000, 3, width=width).state_dict()
    assert {name: tensor.shape for name, tensor in ours.items()} == {name: t.shape for name, t in theirs.items()}
