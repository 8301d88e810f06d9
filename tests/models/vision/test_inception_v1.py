"""Tests of burnish.models.vision.inception_v1."""

import pytest
import torch
from torch import nn

from burnish.models import count, create, notes
from burnish.models.auxiliary import AuxiliaryOutput


@pytest.mark.parametrize(("aux_heads", "parameters"), [(True, 13_378_280), (False, 6_998_552)])
def test_counts_are_those_of_the_paper(aux_heads, parameters):
    with torch.device("meta"):
        counts = count(create("inception-v1", 1000, aux_heads=aux_heads), torch.zeros(1, 3, 224, 224))
    assert counts.parameters == parameters


def test_there_is_no_batch_normalisation_and_the_third_branch_sees_5x5():
    model = create("inception-v1", 10, input_size=32)
    assert not [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        large = model.get_submodule(f"inception{name}").branch3[1].conv
        assert (large.kernel_size, large.padding) == ((5, 5), (2, 2)), name


@pytest.mark.parametrize("size", [32, 224])
def test_response_normalisation_follows_the_first_pooling_and_precedes_the_second(size):
    with torch.device("meta"):
        model = create("inception-v1", 10, input_size=size)
    assert isinstance(model.maxpool1[1], nn.LocalResponseNorm)
    assert isinstance(model.maxpool2[0], nn.LocalResponseNorm)
    assert isinstance(model.maxpool1[0], nn.MaxPool2d) is (size == 224)


def test_auxiliary_heads_average_5x5_windows_with_stride_3():
    with torch.device("meta"):
        model = create("inception-v1", 10)
    maps = torch.rand(1, 3, 14, 14)
    assert torch.equal(model.aux1.pool(maps), nn.functional.avg_pool2d(maps, 5, stride=3))
    assert torch.equal(model.aux2.pool(maps), nn.functional.avg_pool2d(maps, 5, stride=3))
    assert notes(model) == ()


@pytest.mark.parametrize("size", [28, 32, 56, 64, 65, 128, 223, 224, 256])
def test_auxiliary_heads_fit_any_size(size):
    with torch.device("meta"):
        model = create("inception-v1", 10, input_size=size).train()
    output = model(torch.empty(2, 3, size, size, device="meta"))
    assert isinstance(output, AuxiliaryOutput)
    assert [part.shape for part in output.auxiliary] == [(2, 10), (2, 10)]


def test_small_images_average_the_auxiliary_maps_and_it_says_so():
    assert notes(create("inception-v1", 10, input_size=32)) == (
        "inception-v1 takes a 3x3 stem without its first pooling for 32x32 images (stem=imagenet keeps the 7x7 one)",
        "inception-v1 averages the maps of its auxiliary heads to 4x4 for 32x32 images, "
        "too small for 5x5 windows with stride 3",
    )
    assert len(notes(create("inception-v1", 10, input_size=32, aux_heads=False))) == 1


def test_signals_neither_vanish_nor_explode_at_the_start():
    torch.manual_seed(0)
    model = create("inception-v1", 10, input_size=32).eval()
    levels = model.features(torch.randn(4, 3, 32, 32))
    assert all(0.05 < level.std().item() < 20 for level in levels)


def test_a_fresh_head_starts_small():
    head = create("inception-v1", 10, input_size=32).reset_head(100).fc
    assert head.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert head.bias.abs().sum() == 0
