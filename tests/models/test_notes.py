"""Tests of burnish.models.notes."""

from torch import nn

from burnish.layers import Normalise
from burnish.models import WithInput, create, notes


def test_notes_are_found_inside_wrappers_and_said_once():
    inner = create("lenet5", in_channels=1, input_size=28)
    model = nn.ModuleList([WithInput(Normalise([0.5], [1.0]), inner), create("lenet5", in_channels=1, input_size=28)])
    assert notes(model) == ("lenet5 pads 28x28 images with zeros to 32x32",)


def test_attributes_that_only_share_the_name_are_left_alone():
    model = nn.Identity()
    model.notes = ["not ours"]
    assert notes(model) == ()
