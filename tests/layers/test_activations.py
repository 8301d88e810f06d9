"""Tests of burnish.layers.activations."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers import activation
from burnish.layers.activations import ACTIVATIONS

DEFINITIONS = {
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "identity": lambda x: x,
    "leaky-relu": lambda x: x if x > 0 else 0.01 * x,
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "tanh": math.tanh,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_equals_its_definition(name):
    points = [-3.0, -0.5, 0.0, 0.25, 2.0]
    expected = torch.tensor([DEFINITIONS[name](point) for point in points])
    torch.testing.assert_close(activation(name)(torch.tensor(points)), expected)


def test_every_call_gives_a_fresh_module():
    assert activation("relu") is not activation("relu")


def test_dash_underscore_and_case_do_not_matter():
    assert type(activation("Leaky_ReLU")) is type(activation("leaky-relu"))


def test_the_sign_lets_no_gradient_through():
    inputs = torch.tensor([1.0, -2.0], requires_grad=True)
    activation("sign")(inputs).sum().backward()
    assert inputs.grad.tolist() == [0.0, 0.0]


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(
        InputError, match=r"unknown activation 'sigmod' \(did you mean 'sigmoid'\?\): expected one of elu"
    ):
        activation("sigmod")
