"""Tests of burnish.models.vision.vgg."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, entry, names, notes

COUNTS = {
    "vgg11": (132_863_336, 22, 7.6091),
    "vgg13": (133_047_848, 26, 11.3085),
    "vgg16": (138_357_544, 32, 15.4703),
    "vgg19": (143_667_240, 38, 19.6321),
    "vgg11-bn": (132_868_840, 62, 7.6091),
    "vgg13-bn": (133_053_736, 76, 11.3085),
    "vgg16-bn": (138_365_992, 97, 15.4703),
    "vgg19-bn": (143_678_248, 118, 19.6321),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_the_published_ones(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
    counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert len(model.state_dict()) == expected[1]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-5)


def test_levels_are_the_maps_before_each_pooling_and_after_the_last():
    model = create("vgg11", 10, input_size=64).eval()
    maps = model.features(torch.rand(1, 3, 64, 64))
    assert [level.shape[2] for level in maps] == [64, 32, 16, 8, 4, 2]
    assert [level.shape[1] for level in maps] == [64, 128, 256, 512, 512, 512]
    torch.testing.assert_close(nn.functional.max_pool2d(maps[4], 2), maps[5])
    assert all(level.min() == 0 for level in maps), "a level is taken before its ReLU"


def test_digits_of_28_pixels_are_padded_to_32_under_the_same_names():
    torch.manual_seed(0)
    model, full = create("vgg11-bn", 10, 1, 28).eval(), create("vgg11-bn", 10, 1, 32).eval()
    full.load_state_dict(model.state_dict())
    images = torch.rand(2, 1, 28, 28)
    padded = nn.functional.pad(images, (2, 2, 2, 2))
    torch.testing.assert_close(model(images), full(padded))
    assert notes(model)[0] == "vgg11-bn pads 28x28 images with zeros to 32x32"
    assert len(model.features(images)) == len(model.levels) == 6


@pytest.mark.parametrize("size", [(28, 40), (31, 29), 33, 63])
def test_odd_sizes_work(size):
    height, width = (size, size) if isinstance(size, int) else size
    with torch.device("meta"):
        model = create("vgg11", 10, 3, size)
    assert model(torch.empty(2, 3, height, width, device="meta")).shape == (2, 10)


def test_a_smaller_image_is_refused_with_the_smallest_size():
    with pytest.raises(InputError, match=re.escape("vgg16-bn needs images of at least 28x28, got 27x40")):
        create("vgg16-bn", 10, 3, (27, 40))


def test_the_classifier_follows_the_size_of_the_images_and_it_says_so():
    with torch.device("meta"):
        small, forced, large = (
            create("vgg16", 10, input_size=64),
            create("vgg16", 10, input_size=64, classifier="imagenet"),
            create("vgg16", 10, input_size=65),
        )
    assert small.classifier[0].weight.shape == (512, 512)
    assert notes(small) == (
        "vgg16 averages the last map and has hidden layers of 512 units for 64x64 images "
        "(classifier=imagenet keeps the 7x7 map and 4096 units)",
    )
    assert forced.classifier[0].weight.shape == large.classifier[0].weight.shape == (4096, 25_088)
    assert notes(forced) == notes(large) == ()


def test_the_small_hidden_layers_pass_the_signal_on_at_the_start():
    torch.manual_seed(0)
    model = create("vgg11", 10, input_size=32).eval()
    body = model.features(torch.randn(8, 3, 32, 32))[-1].flatten(1)
    assert model.classifier[:5](body).square().mean() > 0.3 * body.square().mean()


def test_every_variant_names_its_published_weights():
    for name in names("vgg*"):
        torchvision, timm = entry(name).published
        label = name.replace("-", "_")
        assert torchvision.source == f"torchvision:{label}"
        assert re.fullmatch(rf"{label}-[0-9a-f]{{8}}\.pth", torchvision.file)
        assert timm.source == f"timm:{label}.tv_in1k"


def test_the_names_of_timm_become_ours_and_ours_stay():
    model = create("vgg11", 10, input_size=32)
    theirs = {
        "features.0.weight": torch.zeros(64, 3, 3, 3),
        "pre_logits.fc1.weight": torch.arange(4 * 2 * 7 * 7.0).view(4, 2, 7, 7),
        "pre_logits.fc2.weight": torch.zeros(4, 4, 1, 1),
        "head.fc.bias": torch.zeros(10),
    }
    ours = model.translate(theirs)
    assert {name: tuple(t.shape) for name, t in ours.items()} == {
        "features.0.weight": (64, 3, 3, 3),
        "classifier.0.weight": (4, 98),
        "classifier.3.weight": (4, 4),
        "classifier.6.bias": (10,),
    }
    assert torch.equal(ours["classifier.0.weight"].flatten(), torch.arange(392.0))
    own = model.state_dict()
    again = model.translate(own)
    assert again.keys() == own.keys()
    assert all(torch.equal(again[name], tensor) for name, tensor in own.items())


@pytest.mark.peer
@pytest.mark.parametrize(("name", "size"), [("vgg19", 64), ("vgg16-bn", 224)])
def test_equals_torchvision(name, size):
    torch.manual_seed(0)
    ours = create(name, 7, input_size=size, classifier="imagenet")
    theirs = torchvision_model(name.replace("-", "_"), num_classes=7, init_weights=False)
    assert_same(ours, theirs, torch.randn(2, 3, size, size))


@pytest.mark.peer
def test_equals_timm():
    torch.manual_seed(0)
    ours = create("vgg13-bn", 7, input_size=64, classifier="imagenet")
    assert_same(ours, timm_model("vgg13_bn", num_classes=7), torch.randn(2, 3, 64, 64))
