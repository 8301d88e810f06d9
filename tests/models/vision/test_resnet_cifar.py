"""Tests of burnish.models.vision.resnet_cifar."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models import count, create
from burnish.models.vision.resnet_cifar import BasicBlock, CifarResNet, PadShortcut

COUNTS = {
    "resnet20": (269_722, 40.55),
    "resnet32": (464_154, 68.86),
    "resnet44": (658_586, 97.17),
    "resnet56": (853_018, 125.49),
    "resnet110": (1_727_962, 252.89),
    "resnet1202": (19_421_274, 2829.2),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_paper(name, expected):
    counts = count(create(name, 10, 3), torch.zeros(1, 3, 32, 32))  # 1202 layers run faster than shapes alone
    assert counts.parameters == expected[0]
    assert counts.macs / 1e6 == pytest.approx(expected[1], abs=5e-2 if expected[1] > 1000 else 5e-3)


def test_the_shortcut_keeps_channels_in_the_middle_and_every_second_pixel():
    images = torch.rand(2, 4, 6, 6)
    out = PadShortcut(4, 8, stride=2)(images)
    assert out.shape == (2, 8, 3, 3)
    assert torch.equal(out[:, 2:6], images[:, :, ::2, ::2])
    assert out[:, :2].abs().sum() == out[:, 6:].abs().sum() == 0


def test_a_block_whose_branch_is_dead_passes_its_input_on():
    block = BasicBlock(4, 4, stride=1).eval()
    torch.nn.init.zeros_(block.bn2.weight)
    images = torch.rand(2, 4, 5, 5)
    assert torch.equal(block(images), images)


@pytest.mark.parametrize("depth", [110, 1202])
def test_stochastic_depth_adds_no_weights(depth):
    with torch.device("meta"):
        plain, dropping = create(f"resnet{depth}"), create(f"resnet{depth}-stochastic-depth")
    assert list(plain.state_dict()) == list(dropping.state_dict())


def test_blocks_are_dropped_more_often_the_deeper_they_lie():
    model = create("resnet110-stochastic-depth")
    blocks = [block for name in ("layer1", "layer2", "layer3") for block in model.get_submodule(name)]
    deaths = [1 - block.drop.survival for block in blocks]
    assert deaths == pytest.approx([number / 54 * 0.5 for number in range(1, 55)])
    assert create("resnet110-stochastic-depth", stochastic_depth=0.2).layer3[17].drop.survival == 0.8
    assert create("resnet20").layer3[2].drop is None


def test_a_dropped_sample_passes_by_the_convolutions_and_evaluation_drops_none():
    torch.manual_seed(0)
    block, images = BasicBlock(4, 4, stride=1, death_rate=0.5), torch.rand(2000, 4, 3, 3)
    passed = (block(images) == images).flatten(1).all(dim=1)
    assert passed.float().mean().item() == pytest.approx(0.5, abs=0.045)  # 4 standard errors
    assert not (block.eval()(images) == images).flatten(1).all(dim=1).any()


def test_stochastic_depth_changes_neither_the_weights_nor_the_evaluation():
    torch.manual_seed(0)
    plain = create("resnet20", width=4).eval()
    torch.manual_seed(0)
    dropping = create("resnet20", width=4, stochastic_depth=0.5).eval()
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(plain(images), dropping(images))


def test_a_death_rate_of_one_is_refused():
    with pytest.raises(InputError, match=r"stochastic_depth must lie in \[0, 1\), got 1.0"):
        create("resnet20", stochastic_depth=1.0)


def test_weights_trained_on_several_devices_lose_their_prefix():
    model = create("resnet20", width=4)
    published = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    assert list(model.translate(published)) == list(model.translate(model.state_dict())) == list(model.state_dict())


def test_weights_have_the_published_layout():
    keys = list(create("resnet20").state_dict())
    batch_norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    block = ["conv1.weight", *(f"bn1.{k}" for k in batch_norm), "conv2.weight", *(f"bn2.{k}" for k in batch_norm)]
    expected = ["conv1.weight", *(f"bn1.{key}" for key in batch_norm)]
    expected += [f"layer{stage}.{number}.{key}" for stage in (1, 2, 3) for number in range(3) for key in block]
    assert keys == [*expected, "linear.weight", "linear.bias"]


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 33)])
def test_any_size_works(size):
    assert create("resnet20", width=4)(torch.rand(2, 3, *size)).shape == (2, 10)


def test_it_keeps_channels_last():
    images = torch.rand(2, 3, 8, 8).to(memory_format=torch.channels_last)
    model = create("resnet20", width=4).to(memory_format=torch.channels_last)
    seen = []
    model.layer3.register_forward_hook(lambda module, args, output: seen.append(output))
    model(images)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("depth", [2, 18, 21])
def test_a_depth_that_is_not_6n_plus_2_is_refused(depth):
    with pytest.raises(InputError, match=rf"the depth of a CIFAR ResNet must be 6 n \+ 2 .*, got {depth}"):
        CifarResNet(depth, 10, 3)


def test_a_width_below_1_is_refused():
    with pytest.raises(InputError, match="width must be at least 1, got 0"):
        create("resnet20", width=0)


@pytest.mark.parametrize("side", [7, 8, 28])
def test_the_shortcut_takes_every_other_pixel_and_pads_channels_on_both_sides(side):
    x = torch.randn(2, 4, side, side)
    out = PadShortcut(4, 8, 2)(x)
    assert torch.equal(out[:, 2:6], x[:, :, ::2, ::2])
    assert out[:, :2].abs().sum() == out[:, 6:].abs().sum() == 0
