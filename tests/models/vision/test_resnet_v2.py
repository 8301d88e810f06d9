"""Tests of burnish.models.vision.resnet_v2."""

import pytest
import torch
from tests.oracles import assert_same, timm_model

from burnish.models import count, create, entry, notes

COUNTS = {
    "resnetv2-18": (11_687_720, 107, 1.8141),
    "resnetv2-34": (21_795_880, 203, 3.6638),
    "resnetv2-50": (25_549_352, 300, 4.0892),
    "resnetv2-101": (44_541_480, 606, 7.8014),
    "resnetv2-152": (60_185_128, 912, 11.5136),
}


def small_parameters(blocks, expansion):
    """Weights of a net for small images, added up from its definition."""
    total, channels = 3 * 16 * 9, 16
    for stage in range(3):
        narrow = 16 * 2**stage
        wide = narrow * expansion
        for number in range(blocks):
            if expansion == 1:
                total += 2 * channels + channels * narrow * 9 + 2 * narrow + narrow * narrow * 9
            else:
                total += 2 * channels + channels * narrow + 2 * narrow + narrow * (narrow * 9 + 2 + wide)
            if number == 0 and channels != wide:
                total += channels * wide
            channels = wide
    return total + 2 * channels + channels * 10 + 10


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_the_published_ones(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert (counts.parameters, len(model.state_dict())) == expected[:2]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-5)


@pytest.mark.parametrize(
    ("depth", "blocks", "expansion", "parameters"),
    [
        (20, 3, 1, 272_282),
        (56, 9, 1, 855_578),
        (110, 18, 1, 1_730_522),
        (164, 18, 4, 1_703_258),  # 1.7 million in the paper
    ],
)
def test_nets_for_small_images_have_the_weights_of_their_definition(depth, blocks, expansion, parameters):
    with torch.device("meta"):
        model = create(f"preact-resnet{depth}", 10)
    assert sum(p.numel() for p in model.parameters()) == parameters == small_parameters(blocks, expansion)
    layers = blocks * 3 * (2 if expansion == 1 else 3) + 2
    assert layers == depth


@pytest.mark.parametrize(
    ("size", "stem", "sides", "strides"),
    [
        (32, "auto", [32, 16, 8, 4], [1, 2, 4, 8]),
        (65, "auto", [33, 17, 9, 5, 3], [2, 4, 8, 16, 32]),
        (32, "imagenet", [16, 8, 4, 2, 1], [2, 4, 8, 16, 32]),
    ],
)
def test_small_images_keep_their_resolution_in_the_stem(size, stem, sides, strides):
    with torch.device("meta"):
        model = create("resnetv2-18", 10, 3, size, stem=stem)
        maps = model.features(torch.zeros(2, 3, size, size))
    assert [level.shape[-1] for level in maps] == sides
    assert [level.stride for level in model.levels] == strides


def test_the_small_stem_is_stated():
    with torch.device("meta"):
        small, native = create("resnetv2_50", input_size=28), create("resnetv2_50")
    said = "resnetv2_50 takes a 3x3 stem without pooling for 28x28 images (stem=imagenet keeps the 7x7 one)"
    assert (notes(small), notes(native)) == ((said,), ())


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (9, 33)])
def test_any_size_works(size):
    assert create("preact-resnet20").eval()(torch.rand(2, 3, *size)).shape == (2, 10)


def test_the_last_map_is_normalised_and_active_and_the_others_are_not():
    *raw, last = create("preact-resnet20").features(torch.rand(8, 3, 32, 32))
    assert last.min() == 0
    assert all(level.min() < 0 for level in raw)


def test_the_head_of_timm_is_flattened_and_our_layout_stays():
    with torch.device("meta"):
        model = create("resnetv2-18", 7)
    state = model.state_dict()
    theirs = {"head.fc.weight": state["fc.weight"][:, :, None, None], "head.fc.bias": state["fc.bias"]}
    assert {name: tensor.shape for name, tensor in model.translate(theirs).items()} == {
        "fc.weight": (7, 512),
        "fc.bias": (7,),
    }
    assert model.translate(state).keys() == state.keys()
    assert model.translate({"stages.2.blocks.1.norm2.bias": state["fc.bias"]}).keys() == {
        "features.layer3.1.norm2.bias"
    }


def test_weights_of_timm_come_with_their_own_preparation():
    (weights,) = entry("resnetv2-50").published
    assert weights.source == "timm:resnetv2_50.a1h_in1k"
    assert (weights.preparation.mean, weights.preparation.interpolation) == ((0.5, 0.5, 0.5), "bicubic")


@pytest.mark.peer
@pytest.mark.parametrize("name", ["resnetv2_18", "resnetv2_50"])
def test_outputs_are_those_of_timm(name):
    assert_same(create(name, 1000), timm_model(name), torch.rand(2, 3, 96, 96))


@pytest.mark.peer
@pytest.mark.parametrize("name", COUNTS)
def test_every_weight_of_timm_has_its_place(name):
    with torch.device("meta"):
        model, theirs = create(name, 1000), timm_model(name.replace("-", "_"))
    found, ours = model.translate(theirs.state_dict()), model.state_dict()
    assert {key: tensor.shape for key, tensor in found.items()} == {key: tensor.shape for key, tensor in ours.items()}
