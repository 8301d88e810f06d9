"""Tests of burnish.models.vision.wide_resnet_cifar."""

import pytest
import torch
import torch.nn.functional as F

from burnish.common.errors import InputError
from burnish.models import count, create
from burnish.models.vision.wide_resnet_cifar import WideResNet

COUNTS = {
    "wrn-16-4": (2_748_890, 392.6),
    "wrn-16-8": (10_961_370, 1548.1),
    "wrn-28-10": (36_479_194, 5243.3),
    "wrn-40-2": (2_243_546, 327.6),
    "wrn-40-4": (8_949_210, 1298.6),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_paper(name, expected):
    with torch.device("meta"):
        counts = count(create(name, 10), torch.zeros(1, 3, 32, 32))
    assert counts.parameters == expected[0]
    assert counts.macs / 1e6 == pytest.approx(expected[1], abs=5e-2)


@pytest.mark.parametrize(("depth", "widening"), [(10, 2), (16, 1)])
def test_the_output_is_that_of_the_definition(depth, widening):
    torch.manual_seed(0)
    model, images = WideResNet(depth, widening, 10, 3).double().eval(), torch.rand(2, 3, 8, 8).double()
    state = dict(model.state_dict())
    for name in state:
        if "running" in name:
            state[name].uniform_(0.5, 1.5)

    def active(x, name):
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(state[f"features.{name}.{key}"] for key in names)).relu()

    x = F.conv2d(images, state["features.conv.weight"], padding=1)
    for stage in (1, 2, 3):
        for number in range((depth - 4) // 6):
            block, stride = f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1
            branch = first = active(x, f"{block}.norm1")
            branch = F.conv2d(branch, state[f"features.{block}.conv1.weight"], stride=stride, padding=1)
            branch = F.conv2d(active(branch, f"{block}.norm2"), state[f"features.{block}.conv2.weight"], padding=1)
            shortcut = state.get(f"features.{block}.downsample.conv.weight")
            x = branch + (x if shortcut is None else F.conv2d(first, shortcut, stride=stride))
    expected = active(x, "norm").mean(dim=(2, 3)) @ state["fc.weight"].T + state["fc.bias"]
    torch.testing.assert_close(model(images), expected)


def test_the_depth_counts_the_convolutions():
    with torch.device("meta"):
        model = create("wrn-40-2")
    assert sum(isinstance(module, torch.nn.Conv2d) for module in model.modules()) == 40


def test_dropout_lies_in_every_block():
    model = create("wrn-16-4", dropout=0.3)
    rates = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    assert rates == [0.3] * 6
    images = torch.rand(2, 3, 8, 8)
    model.eval()
    assert torch.equal(model(images), model(images))


def test_the_layout_that_others_publish_is_translated():
    model = create("wrn-16-4")
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = ["conv1.weight"]
    for stage in (1, 2, 3):
        for number in range(2):
            block = f"block{stage}.layer.{number}"
            names += [f"{block}.convShortcut.weight"] if number == 0 else []
            for place in (1, 2):
                names += [*(f"{block}.bn{place}.{key}" for key in norm), f"{block}.conv{place}.weight"]
    names += [*(f"bn1.{key}" for key in norm), "fc.weight", "fc.bias"]
    published = {name: torch.zeros(()) for name in names}
    wrapped = {f"module.{name}": torch.zeros(()) for name in names}
    ours = model.state_dict()
    assert list(model.translate(published)) == list(model.translate(wrapped)) == list(ours)
    assert list(model.translate(ours)) == list(ours)


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (9, 33)])
def test_any_size_works(size):
    assert WideResNet(10, 1, 10, 3).eval()(torch.rand(2, 3, *size)).shape == (2, 10)


@pytest.mark.parametrize("depth", [4, 20, 27])
def test_a_depth_that_is_not_6n_plus_4_is_refused(depth):
    with pytest.raises(InputError, match=rf"the depth of a wide ResNet must be 6 n \+ 4 .*, got {depth}"):
        WideResNet(depth, 2, 10, 3)


def test_a_widening_below_1_is_refused():
    with pytest.raises(InputError, match="widening must be at least 1, got 0"):
        WideResNet(16, 0, 10, 3)


def test_a_dropout_of_everything_is_refused():
    with pytest.raises(InputError, match=r"dropout must lie in \[0, 1\), got 1.0"):
        create("wrn-16-4", dropout=1.0)
