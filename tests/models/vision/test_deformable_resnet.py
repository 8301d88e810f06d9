"""Tests of burnish.models.vision.deformable_resnet."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers import DeformableConv2d
from burnish.models import count, create, notes
from burnish.models.vision.deformable_resnet import deformable_conv3x3, deformable_resnet
from burnish.models.vision.residual_blocks import BasicBlock, Bottleneck

PLAIN = {"resnet18": 11_689_512, "resnet50": 25_557_032}
SEEN = {  # channels that each 3x3 convolution of a stage sees
    "resnet18": {2: [64, 128, 128, 128], 3: [128, 256, 256, 256], 4: [256, 512, 512, 512]},
    "resnet50": {2: [128] * 4, 3: [256] * 6, 4: [512] * 3},
}
SIDES = {2: 28, 3: 14, 4: 7}


def deformable(stages):
    return range(5 - stages, 5)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(("stages", "modulated"), [(1, False), (3, False), (3, True)])
def test_its_parameters_are_those_of_the_plain_network_and_of_the_offsets(name, stages, modulated):
    # An offset convolution has 3x3 filters with bias: two numbers for each of nine taps, a third with modulation.
    numbers = 27 if modulated else 18
    added = sum(numbers * (9 * channels + 1) for stage in deformable(stages) for channels in SEEN[name][stage])
    with torch.device("meta"):
        model = create(f"deformable-{name}", 1000, stages=stages, modulated=modulated)
    assert sum(p.numel() for p in model.parameters()) == PLAIN[name] + added


def test_the_sums_of_that_arithmetic():
    with torch.device("meta"):
        small, large = create("deformable-resnet18", 1000), create("deformable-resnet50", 1000)
        first = create("deformable-resnet50", 1000, stages=1, modulated=False)
    assert sum(p.numel() for p in small.parameters()) == 11_689_512 + 762_372
    assert sum(p.numel() for p in large.parameters()) == 25_557_032 + 871_263
    assert sum(p.numel() for p in first.parameters()) == 25_557_032 + 248_886


@pytest.mark.parametrize("name", PLAIN)
def test_its_multiply_adds_are_those_of_the_plain_network_and_of_the_offsets(name):
    with torch.device("meta"):
        image = torch.zeros(1, 3, 224, 224)
        plain, ours = count(create(name, 1000), image), count(create(f"deformable-{name}", 1000), image)
    added = sum(27 * 9 * channels * SIDES[stage] ** 2 for stage in SIDES for channels in SEEN[name][stage])
    assert ours.macs == plain.macs + added


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_the_last_stages_are_deformable_and_the_others_are_not(stages, block):
    with torch.device("meta"):
        model = deformable_resnet(block, (1, 2, 1, 1), 5, 3, stages=stages)
    for stage in range(1, 5):
        layers = [m for m in model.get_submodule(f"layer{stage}").modules() if isinstance(m, DeformableConv2d)]
        per_block = 2 if block is BasicBlock else 1
        blocks = len(model.get_submodule(f"layer{stage}"))
        assert len(layers) == (blocks * per_block if stage in deformable(stages) else 0)


@pytest.mark.parametrize("training", [False, True])
def test_weights_of_the_plain_network_give_its_outputs(training):
    torch.manual_seed(0)
    plain = create("resnet18", 7, input_size=32)
    ours = create("deformable-resnet18", 7, input_size=32, modulated=False)
    left_out = ours.load_state_dict(plain.state_dict(), strict=False)
    assert not left_out.unexpected_keys
    assert all(".offset." in name for name in left_out.missing_keys)
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours.train(training)(images), plain.train(training)(images), rtol=1e-3, atol=1e-4)


def test_it_draws_the_weights_of_a_plain_network():
    torch.manual_seed(0)
    layer = deformable_conv3x3(modulated=True)(64, 128, 2, 1, 1)
    assert layer.weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    assert layer.offset.weight.abs().sum() == layer.offset.bias.abs().sum() == 0
    assert layer.offset.learning_rate_factor == 0.1


def test_what_it_sees_moves_with_its_offsets():
    torch.manual_seed(0)
    model = create("deformable-resnet18", 7, input_size=32, stages=1).eval()
    images = torch.rand(1, 3, 32, 32)
    before = model(images)
    torch.nn.init.constant_(model.layer4[1].conv2.offset.bias, 1.0)
    assert not torch.allclose(model(images), before, atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (33, 70)])
def test_any_size_works(size):
    model = deformable_resnet(BasicBlock, (1, 1, 1, 1), 5, 1, small_stem=True).eval()
    assert model(torch.rand(2, 1, *size)).shape == (2, 5)


def test_the_small_stem_is_stated():
    said = "takes a 3x3 stem without pooling for 32x32 images (stem=imagenet keeps the 7x7 one)"
    with torch.device("meta"):
        assert notes(create("deformable-resnet50", input_size=32)) == (f"deformable-resnet50 {said}",)
        assert notes(create("deformable-resnet50")) == ()


def test_it_keeps_channels_last():
    model = deformable_resnet(Bottleneck, (1, 1, 1, 1), 5, 3).to(memory_format=torch.channels_last)
    maps = model.features(torch.rand(2, 3, 64, 64).to(memory_format=torch.channels_last))
    assert all(level.is_contiguous(memory_format=torch.channels_last) for level in maps)


@pytest.mark.parametrize("stages", [0, 5])
def test_other_numbers_of_stages_are_refused(stages):
    with pytest.raises(InputError, match=f"stages must be 1 to 4, got {stages}: it is how many of the last stages"):
        create("deformable-resnet18", stages=stages)
