"""Tests of burnish.models.foundations.mlp."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create


@pytest.mark.parametrize("hidden", [(), (5,), (7, 6, 5, 4)])
def test_its_depth_is_the_number_of_widths(hidden):
    model = create("mlp", 3, 8, hidden=hidden)
    widths = [layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear)]
    assert widths == [*hidden, 3]


def test_without_hidden_layers_it_is_linear():
    model = create("mlp", 3, 8, hidden=())
    first, second = torch.rand(2, 1, 8)
    origin = model(torch.zeros(1, 8))
    torch.testing.assert_close(model(first) + model(second) - origin, model(first + second))


def test_parts_stand_in_the_order_linear_normalisation_activation_dropout():
    block = create("mlp", hidden=(4,), normalisation="batch", activation="tanh", dropout=0.5).hidden[0]
    assert [type(part) for part in block] == [nn.Linear, nn.BatchNorm1d, nn.Tanh, nn.Dropout]
    assert isinstance(create("mlp", hidden=(4,), normalisation="layer").hidden[0].norm, nn.LayerNorm)


def test_initialisation_follows_the_activation_unless_it_is_named():
    deviations = {
        options.get("activation", "relu"): create("mlp", 10, 1000, hidden=(1000,), **options)
        .hidden[0]
        .linear.weight.std()
        for options in ({}, {"activation": "tanh"})
    }
    assert deviations["relu"].item() == pytest.approx((2 / 1000) ** 0.5, rel=0.01)
    assert deviations["tanh"].item() == pytest.approx((1 / 1000) ** 0.5, rel=0.01)
    assert create("mlp", init={"head": "zeros"}).head.weight.abs().sum() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": (4, 0)}, r"hidden must list the widths of the hidden layers, each at least 1, got \(4, 0\)"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\), got 1.0"),
        ({"activation": "rellu"}, r"unknown activation 'rellu' \(did you mean 'relu'\?\)"),
        ({"init": "he-norml"}, r"unknown initialisation 'he-norml' \(did you mean 'he-normal'\?\)"),
        ({"normalisation": "group"}, "normalisation of mlp must be 'batch' or 'layer' or none, got 'group'"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(InputError, match=message):
        create("mlp", **options)
