"""Tests of burnish.models.vision.densenet."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, notes
from burnish.models.vision.densenet import DenseBlock, DenseLayer, Transition

COUNTS = {
    "densenet121": (7_978_856, 2.8342, 727),
    "densenet161": (28_681_000, 7.7279, 967),
    "densenet169": (14_149_480, 3.3598, 1015),
    "densenet201": (20_013_928, 4.2914, 1207),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    with torch.device("meta"):
        model = create(name, 1000, 3)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert counts.macs / 1e9 == pytest.approx(expected[1], abs=5e-5)
    assert len(model.state_dict()) == expected[2]


def test_a_block_passes_on_its_input_and_the_output_of_every_layer():
    torch.manual_seed(0)
    block, x = DenseBlock(4, 3, 2, None, 0.0).eval(), torch.randn(2, 4, 5, 5)
    out = block(x)
    assert out.shape == (2, 10, 5, 5)
    assert torch.equal(out[:, :4], x)
    assert torch.equal(out[:, 4:6], block.denselayer1(x))
    assert torch.equal(out[:, 8:], block.denselayer3(out[:, :8]))


def test_a_bottleneck_is_a_1x1_convolution_before_the_3x3_one():
    kernels = [m.kernel_size for m in DenseLayer(8, 4, 16, 0.0) if isinstance(m, nn.Conv2d)]
    assert kernels == [(1, 1), (3, 3)]
    assert [m.kernel_size for m in DenseLayer(8, 4, None, 0.0) if isinstance(m, nn.Conv2d)] == [(3, 3)]


def test_dropout_follows_every_convolution_of_the_body():
    layer, transition = list(DenseLayer(8, 4, 16, 0.2)), list(Transition(8, 4, 0.2))
    for layers in (layer, transition):
        after = [layers[n + 1] for n, module in enumerate(layers) if isinstance(module, nn.Conv2d)]
        assert after
        assert {getattr(module, "p", None) for module in after} == {0.2}


def test_a_transition_halves_the_resolution_by_the_mean():
    transition = Transition(2, 2, 0.0).eval()
    nn.init.dirac_(transition.conv.weight)
    x = torch.rand(1, 2, 4, 6)
    torch.testing.assert_close(transition(x), nn.functional.avg_pool2d(x, 2), rtol=1e-4, atol=1e-5)


def test_a_map_handed_out_is_not_overwritten_by_later_layers():
    torch.manual_seed(0)
    model, images = create("densenet121", 10, 3, 65).eval(), torch.rand(1, 3, 65, 65)
    before = []
    for tap in model.features.taps:
        model.features[tap].register_forward_hook(lambda module, args, output: before.append(output.clone()))
    after = model.features(images)
    assert len(after) == 5
    assert all(torch.equal(early, late) for early, late in zip(before, after, strict=True))


@pytest.mark.parametrize(("size", "left"), [(32, 4), (28, 3), (64, 8)])
def test_small_images_keep_their_resolution_in_the_stem(size, left):
    model = create("densenet121", 10, 3, size).eval()
    assert notes(model) == (
        f"densenet121 takes a 3x3 stem without pooling for {size}x{size} images (stem=imagenet keeps the 7x7 one)",
    )
    maps = model.features(torch.rand(1, 3, size, size))
    assert (maps[0].shape[-1], maps[-1].shape[-1]) == (size, left)


@pytest.mark.parametrize(("stem", "smallest"), [("small", 8), ("imagenet", 29)])
def test_the_smallest_image_works_and_a_smaller_one_is_refused(stem, smallest):
    model = create("densenet121", 10, 3, smallest, stem=stem).eval()
    assert model(torch.rand(1, 3, smallest, smallest)).shape == (1, 10)
    wanted = f"densenet121 needs images of at least {smallest}x{smallest}, got {smallest - 1}x40"
    with pytest.raises(InputError, match=re.escape(wanted)):
        create("densenet121", 10, 3, (smallest - 1, 40), stem=stem)


def test_the_older_names_of_published_files_are_understood():
    with torch.device("meta"):
        model = create("densenet121")
    native = model.state_dict()
    older = {re.sub(r"(denselayer\d+\.\w+?)([12])\.", r"\1.\2.", name): tensor for name, tensor in native.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    assert list(model.translate(older)) == list(model.translate(native)) == list(native)


@pytest.mark.peer
@pytest.mark.parametrize("name", ["densenet121", "densenet161"])
def test_outputs_and_statistics_are_those_of_torchvision(name):
    torch.manual_seed(0)
    theirs, ours = torchvision_model(name), create(name, 1000, stem="imagenet")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_same(ours, theirs, torch.rand(2, 3, 96, 70))


@pytest.mark.peer
def test_outputs_and_statistics_are_those_of_timm():
    torch.manual_seed(0)
    assert_same(create("densenet121", 1000), timm_model("densenet121"), torch.rand(2, 3, 96, 70))
