"""Tests of burnish.models.vision.alexnet."""

import re

import pytest
import torch
from tests.oracles import assert_same, torchvision_model

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window
from burnish.models import count, create, entry, notes
from burnish.models.vision.alexnet import StemPlan


def test_counts_are_the_published_ones():
    with torch.device("meta"):
        model = create("alexnet", 1000)
    counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == 61_100_840
    assert counts.macs / 1e9 == pytest.approx(0.7142, abs=5e-5)
    assert len(model.state_dict()) == 16


def test_a_small_image_keeps_a_map_of_several_positions():
    images = torch.rand(2, 3, 32, 32)
    model = create("alexnet", 10, input_size=32).eval()
    assert [tuple(level.shape[1:]) for level in model.features(images)] == [
        (64, 32, 32),
        (192, 15, 15),
        (256, 7, 7),
        (256, 3, 3),
    ]
    assert model.classifier[1].in_features == 256 * 3 * 3
    assert notes(model) == (
        "alexnet takes a 5x5 first convolution without stride for 32x32 images "
        "(stem=imagenet keeps the 11x11 one, from 63 pixels)",
    )


def test_the_published_stem_returns_where_it_leaves_two_positions():
    published = Window(11, stride=4, padding=2)
    assert StemPlan("alexnet", "auto", (94, 224), published).small
    large = StemPlan("alexnet", "auto", (95, 95), published)
    assert not large.small
    assert large.notes == ()
    assert not StemPlan("alexnet", "imagenet", (63, 63), published).small
    assert StemPlan("alexnet", "small", (224, 224), published).small


@pytest.mark.parametrize("size", [15, 28, 31, 64, 94, (15, 40)])
def test_any_size_from_15_works(size):
    height, width = (size, size) if isinstance(size, int) else size
    with torch.device("meta"):
        model = create("alexnet", 10, 1, size)
    assert model(torch.empty(2, 1, height, width, device="meta")).shape == (2, 10)


@pytest.mark.parametrize(("size", "stem", "smallest"), [(14, "auto", 15), (62, "imagenet", 63)])
def test_a_smaller_image_is_refused_with_the_smallest_size(size, stem, smallest):
    with pytest.raises(InputError, match=re.escape(f"alexnet needs images of at least {smallest}x{smallest}, got")):
        create("alexnet", 10, 3, size, stem=stem)


def test_the_hidden_layers_can_be_narrowed():
    model = create("alexnet", 10, input_size=32, hidden=64)
    assert (model.classifier[1].out_features, model.classifier[4].out_features) == (64, 64)
    assert model.eval()(torch.rand(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("name", ["alexnet", "alexnet-2012"])
def test_hidden_layers_without_units_are_refused(name):
    with pytest.raises(InputError, match="hidden must be at least 1, got 0"):
        create(name, 10, input_size=32, hidden=0)


def test_dropout_works_in_training_alone_and_can_be_switched_off():
    images = torch.rand(4, 3, 32, 32)
    model = create("alexnet", 10, input_size=32)
    assert not torch.equal(model(images), model(images))
    quiet = create("alexnet", 10, input_size=32, dropout=0.0)
    assert torch.equal(quiet(images), quiet(images))


def test_the_published_weights_are_named_as_torchvision_names_them():
    (published,) = entry("alexnet").published
    assert published.source == "torchvision:alexnet"
    assert published.file == "alexnet-owt-7be5be79.pth"
    assert published.preparation.crop == 224


@pytest.mark.peer
@pytest.mark.parametrize("size", [64, 224])
def test_equals_torchvision(size):
    torch.manual_seed(0)
    ours = create("alexnet", 7, input_size=size, stem="imagenet")
    assert_same(ours, torchvision_model("alexnet", num_classes=7), torch.randn(2, 3, size, size))
