"""Tests of burnish.models.registry."""

import re

import pytest
from torch import nn

from burnish.common.errors import InputError
from burnish.models import registry
from burnish.models.registry import create, entry, names, register


@pytest.fixture
def own_model():
    """A model that a user registered."""

    @register("my-net", kinds=("table",), paper="none", summary="for this test")
    def my_net(num_classes, in_channels, input_size, width: int = 4):
        return nn.Sequential(nn.Linear(in_channels, width), nn.Linear(width, num_classes))

    yield my_net
    del registry._entries["my-net"]


def test_names_are_found_by_pattern():
    assert names("resnet[23]?") == ["resnet20", "resnet32", "resnet34"]
    assert set(names()) >= {"char-gru", "char-lstm", "gan", "lenet5", "logistic-regression", "mlp", "perceptron"}
    assert names("nothing*") == []


def test_dash_and_underscore_are_the_same():
    assert entry("char_lstm") is entry("char-lstm")
    assert names("logistic_*") == ["logistic-regression"]


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(
        InputError, match=r"unknown model 'resnet-20' \(did you mean 'resnet20'\?\): expected one of [a-z]"
    ):
        create("ResNet_20")


def test_an_unknown_option_gets_a_hint_and_the_list():
    message = "mlp has no option 'hiden' (did you mean 'hidden'?): expected one of activation, dropout, hidden, init"
    with pytest.raises(InputError, match=re.escape(message)):
        create("mlp", hiden=(3,))


def test_a_model_without_options_says_so():
    with pytest.raises(InputError, match="perceptron has no option 'depth': expected one of none: this model has no"):
        create("perceptron", depth=3)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "10"])
@pytest.mark.parametrize("argument", ["num_classes", "in_channels"])
def test_widths_must_be_positive_whole_numbers(argument, value):
    with pytest.raises(InputError, match=f"{argument} must be a positive whole number, got {value!r}"):
        create("mlp", **{argument: value})


@pytest.mark.parametrize("value", [0, (8,), (8, 0), (8, 8, 8), (8.0, 8)])
def test_an_input_size_is_a_number_or_a_pair(value):
    with pytest.raises(InputError, match=r"input_size must be a positive int or a pair of them \(height, width\), got"):
        create("resnet20", input_size=value)


def test_a_side_stands_for_a_square():
    assert create("mlp", input_size=8).hidden[0].linear.in_features == 3 * 8 * 8
    assert create("mlp", input_size=(8, 4)).hidden[0].linear.in_features == 3 * 8 * 4
    assert create("mlp", in_channels=5).hidden[0].linear.in_features == 5


def test_the_native_size_is_taken_where_none_is_given():
    assert create("lenet5").fc1.in_features == 16 * 5 * 5


def test_classes_and_channels_are_those_of_the_weights_unless_given():
    weights = create("resnet20", 6, 1).state_dict()
    model = create("resnet20", weights=weights)
    assert (model.num_classes, model.conv1.in_channels) == (6, 1)
    model = create("resnet20", 4, weights=weights)
    assert (model.num_classes, model.conv1.in_channels) == (4, 1)
    model = create("resnet20", in_channels=3, weights=weights)
    assert (model.num_classes, model.conv1.in_channels) == (6, 3)
    assert create("resnet20").num_classes == 10


def test_option_values_are_checked_against_the_builder():
    with pytest.raises(InputError, match="dropout of mlp must be a number, got 'much'"):
        create("mlp", dropout="much")


def test_a_user_can_register_a_model_of_their_own(own_model):
    assert "my-net" in names()
    assert entry("my_net").options == {"width": 4}
    assert create("my-net", 2, 3, width=7)[0].out_features == 7


def test_a_taken_name_is_refused(own_model):
    with pytest.raises(InputError, match=r"the model name 'mlp' is taken by burnish\.models\.foundations\.mlp"):

        @register("mlp", kinds=("table",), paper="none")
        def another(num_classes, in_channels, input_size):
            return nn.Identity()
