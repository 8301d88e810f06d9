"""Tests of burnish.models.vision.alexnet_2012."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, notes
from burnish.models.vision.alexnet_2012 import AlexNet2012, response_norm


@pytest.mark.parametrize(("towers", "parameters", "mega_macs"), [(2, 60_965_224, 724.4), (1, 62_378_344, 1_135.3)])
def test_counts_are_those_of_the_paper(towers, parameters, mega_macs):
    with torch.device("meta"):
        model = create("alexnet-2012", 1000, towers=towers)
    counts = count(model, torch.zeros(1, 3, 227, 227))
    assert counts.parameters == parameters
    assert counts.macs / 1e6 == pytest.approx(mega_macs, abs=0.05)


def test_response_normalisation_is_equation_1_of_section_3_3():
    maps = torch.randn(2, 7, 3, 3, dtype=torch.double) * 50
    expected = torch.empty_like(maps)
    for channel in range(7):
        around = maps[:, max(0, channel - 2) : channel + 3]
        expected[:, channel] = maps[:, channel] / (2 + 1e-4 * around.square().sum(dim=1)) ** 0.75
    torch.testing.assert_close(response_norm()(maps), expected)


def test_a_tower_sees_the_other_in_the_third_convolution_alone():
    body = create("alexnet-2012", 10, input_size=32).features
    body.requires_grad_(False)
    for name, joined in (("conv2", False), ("conv3", True), ("conv4", False), ("conv5", False)):
        convolution = body.get_submodule(name)
        maps = torch.rand(1, convolution.in_channels, 5, 5, requires_grad=True)
        convolution(maps)[:, : convolution.out_channels // 2].sum().backward()
        other_tower = maps.grad[:, convolution.in_channels // 2 :]
        assert bool(other_tower.abs().sum() > 0) is joined, name


def test_pooling_windows_overlap():
    pools = [
        module for module in create("alexnet-2012", 10, input_size=32).modules() if isinstance(module, nn.MaxPool2d)
    ]
    assert [(pool.kernel_size, pool.stride) for pool in pools] == [(3, 2)] * 3


def test_initial_weights_are_those_of_section_5_for_normalised_images():
    torch.manual_seed(0)
    model = create("alexnet-2012", 1000, input_size=32, hidden=512)
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for name, layer in (*model.features.named_children(), *model.classifier.named_children()):
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            assert set(layer.bias.tolist()) == {1.0 if name in ones else 0.0}, name
            deviation = 0.58 if name == "conv1" else 0.01
            assert layer.weight.std().item() == pytest.approx(deviation, rel=0.05), name
            assert abs(layer.weight.mean().item()) < 0.05 * deviation, name


def test_a_fresh_head_is_drawn_alike():
    head = create("alexnet-2012", 10, input_size=32).reset_head(100).classifier.fc8
    assert head.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert head.bias.abs().sum() == 0


def test_a_small_image_takes_the_small_stem_and_it_says_so():
    model = create("alexnet-2012", 10, 1, 28).eval()
    assert model.features(torch.rand(1, 1, 28, 28))[-1].shape == (1, 256, 2, 2)
    assert notes(model) == (
        "alexnet-2012 takes a 5x5 first convolution without stride for 28x28 images "
        "(stem=imagenet keeps the 11x11 one, from 67 pixels)",
    )


def test_the_hidden_layers_can_be_narrowed():
    model = create("alexnet-2012", 10, input_size=32, hidden=64)
    assert (model.classifier.fc6.out_features, model.classifier.fc7.out_features) == (64, 64)
    assert model.eval()(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_a_third_tower_is_refused():
    with pytest.raises(InputError, match="towers must be 1 or 2, got 3"):
        AlexNet2012(10, 3, (32, 32), towers=3)
