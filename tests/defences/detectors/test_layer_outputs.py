"""Tests of burnish.defences.detectors.layer_outputs."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.defences.detectors.layer_outputs import Tap, flattened, last_activations, outputs_of, recorded


class Backwards(nn.Module):
    """Runs its layers in another order than it declares them; one never runs."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)
        self.body = nn.Linear(4, 3)
        self.unused = nn.Linear(3, 3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.head(self.relu(self.body(x)))


def test_the_last_linear_layer_is_the_one_that_runs_last():
    assert last_activations(Backwards(), torch.zeros(1, 4)) == (Tap("head", "input"),)


def test_without_a_linear_layer_the_last_relu_is_taken():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Flatten())
    assert last_activations(net, torch.zeros(1, 1, 3, 3)) == (Tap("3", "output"),)


def test_a_model_with_neither_asks_for_names():
    with pytest.raises(InputError, match="neither a linear layer nor a ReLU module: name the layers"):
        last_activations(nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten()), torch.zeros(1, 1, 2, 2))


def test_what_a_layer_received_and_gave_is_taken_down():
    net, inputs = Backwards(), torch.randn(5, 4)
    with recorded(net, [Tap("head", "input"), Tap("head")]) as seen:
        given = net(inputs)
    assert torch.equal(seen[Tap("head", "input")], net.body(inputs).relu())
    assert torch.equal(seen[Tap("head")], given)


def test_a_relu_in_place_behind_a_layer_does_not_change_what_it_gave():
    net, inputs = Backwards(), torch.randn(50, 4)
    with recorded(net, outputs_of(net, ["body"])) as seen:
        net(inputs)
    assert torch.equal(seen[Tap("body")], net.body(inputs))
    assert (seen[Tap("body")] < 0).any()


def test_gradients_flow_through_what_was_taken_down():
    net, inputs = Backwards(), torch.randn(5, 4, requires_grad=True)
    with recorded(net, outputs_of(net, ["body"])) as seen:
        net(inputs)
    (gradient,) = torch.autograd.grad(seen[Tap("body")].sum(), inputs)
    torch.testing.assert_close(gradient, net.body.weight.sum(0).expand(5, 4))


def test_no_hook_stays_behind_even_after_a_failure():
    net = Backwards()
    with pytest.raises(RuntimeError), recorded(net, outputs_of(net, ["body", "head"])):
        net(torch.zeros(1, 99))
    last_activations(net, torch.zeros(1, 4))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_outputs_of_several_layers_lie_side_by_side():
    net = Backwards()
    taps = outputs_of(net, ["head", "body"])
    with recorded(net, taps) as seen:
        given = net(torch.randn(5, 4))
    assert flattened(seen, taps).shape == (5, 5)
    assert torch.equal(flattened(seen, taps)[:, :2], given)


def test_a_layer_that_does_not_exist_is_named_with_the_closest_one():
    with pytest.raises(InputError, match=r"no layer 'haed' \(did you mean 'head'\?\): its last ones are head, body"):
        outputs_of(Backwards(), ["haed"])


def test_no_layers_are_refused():
    with pytest.raises(InputError, match=r"at least one name, got \[\]"):
        outputs_of(Backwards(), [])
    with pytest.raises(InputError, match="layers must be a list of at least one name, got 'head'"):
        outputs_of(Backwards(), "head")


def test_a_layer_that_does_not_run_is_named():
    net = Backwards()
    taps = outputs_of(net, ["unused"])
    with recorded(net, taps) as seen:
        net(torch.zeros(1, 4))
    with pytest.raises(InputError, match="layer 'unused' does not run"):
        flattened(seen, taps)


def test_a_layer_that_gives_no_tensor_is_named():
    net = nn.Sequential(nn.LSTM(2, 3))
    with pytest.raises(InputError, match="the output of layer '0' is no tensor but tuple"), recorded(net, [Tap("0")]):
        net(torch.zeros(1, 1, 2))
