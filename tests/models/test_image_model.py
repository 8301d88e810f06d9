"""Tests of burnish.models.image_model."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.image_model import ImageModel, Level


class Net(ImageModel):
    head_names = ("fc", "side")
    renames = ((r"body\.(\w+)", r"conv.\1"), (r"body\..*", r"never"), (r"last\.(.+)", r"fc.\1"))

    def __init__(self, side: bool = False):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(3))
        self.conv = nn.Conv2d(1, 3, 1)
        self.fc = nn.Linear(3, 4)
        if side:
            self.side = nn.Linear(3, 4, bias=False)
        self.levels = (Level("conv", 3, 1),)

    def stages(self):
        return {"stem": ("conv", "token"), "head": ("fc", "side")}


def test_every_parameter_belongs_to_its_stage():
    net = Net(side=True)
    groups = net.parameter_groups()
    assert list(groups) == ["stem", "head"]
    assert {id(p) for p in groups["stem"]} == {id(net.token), id(net.conv.weight), id(net.conv.bias)}
    assert {id(p) for p in groups["head"]} == {id(net.fc.weight), id(net.fc.bias), id(net.side.weight)}


def test_a_new_head_replaces_auxiliary_ones_too_and_leaves_the_rest():
    net = Net(side=True).double().eval()
    conv = net.conv.weight.clone()
    assert net.reset_head(7) is net
    assert (net.fc.out_features, net.side.out_features, net.num_classes) == (7, 7, 7)
    assert net.side.bias is None
    assert net.fc.weight.dtype == torch.float64
    assert not net.fc.training
    assert torch.equal(net.conv.weight, conv)


def test_heads_that_a_variant_lacks_are_passed_over():
    assert Net().present_heads() == ("fc",)
    assert Net().reset_head(2).num_classes == 2


@pytest.mark.parametrize("value", [0, -3, 2.0, True, "ten"])
def test_the_number_of_classes_is_checked(value):
    with pytest.raises(InputError, match="num_classes must be a positive whole number, got"):
        Net().reset_head(value)


def test_the_first_rename_that_matches_a_whole_name_decides():
    state = {"body.weight": 1, "last.0.bias": 2, "my.last.bias": 3}
    assert Net().translate(state) == {"conv.weight": 1, "fc.0.bias": 2, "my.last.bias": 3}
