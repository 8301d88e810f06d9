"""Tests of burnish.attacks.suites.model_checks."""

import sys

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks.suites.model_checks import check_model


@pytest.fixture
def trained():
    return digits_network()


class Around(nn.Module):
    """The trained network behind a change of its inputs, before a change of its outputs."""

    def __init__(self, model, before=nn.Identity(), after=nn.Identity()):  # noqa: B008 - they hold nothing
        super().__init__()
        self.before, self.model, self.after = before, model, after
        self.eval()

    def forward(self, inputs):
        return self.after(self.model(self.before(inputs)))


class Noise(nn.Module):
    def forward(self, inputs):
        return inputs + 0.01 * torch.randn_like(inputs)


class Rounding(nn.Module):
    def forward(self, inputs):
        return (inputs * 4).round() / 4


class Detached(nn.Module):
    def forward(self, inputs):
        return inputs.detach()


class Larger(nn.Module):
    def forward(self, logits):
        return logits * 1e4


class Purified(nn.Module):
    """Moves its inputs down a loss of its own, as defences by purification do."""

    def __init__(self, differentiate):
        super().__init__()
        self.differentiate = differentiate

    def forward(self, inputs):
        with torch.enable_grad():
            leaf = inputs.detach().requires_grad_(True)
            slope = self.differentiate((leaf - leaf.mean()).square().sum(), leaf)
        return inputs - 1e-3 * slope


def by_backward(loss, leaf):
    loss.backward()
    return leaf.grad


def by_grad(loss, leaf):
    return torch.autograd.grad(loss, leaf)[0]


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, inputs):
        self.seen += len(inputs)
        return inputs


def codes(model, trained):
    return [finding.code for finding in check_model(model, trained.images, trained.labels)]


def test_a_model_that_hides_nothing_is_not_accused(trained):
    assert codes(trained.model, trained) == []


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (Noise(), nn.Identity(), "randomised-output"),
        (nn.Identity(), nn.Softmax(dim=1), "probabilities"),
        (Rounding(), nn.Identity(), "zero-gradients"),
        (Detached(), nn.Identity(), "zero-gradients"),
        (nn.Identity(), Larger(), "zero-gradients"),
        (Purified(by_grad), nn.Identity(), "test-time-optimisation"),
        (Purified(by_backward), nn.Identity(), "test-time-optimisation"),
        (Counting(), nn.Identity(), "test-time-optimisation"),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_each_fault_is_found_and_no_other(trained, before, after, code):
    assert codes(Around(trained.model, before, after), trained) == [code]


def test_dropout_that_stays_on_is_found(trained):
    class AlwaysDropout(nn.Module):
        def forward(self, inputs):
            return F.dropout(inputs, 0.2, training=True)

    found = check_model(Around(trained.model, AlwaysDropout()), trained.images, trained.labels)
    assert found[0].code == "randomised-output"
    assert found[0].severity == "error"
    assert "the same inputs give other outputs each time" in found[0].title


def test_the_share_of_flat_samples_is_told(trained):
    class HalfFlat(nn.Module):
        def forward(self, inputs):
            return torch.cat([inputs[:64].round(), inputs[64:]])

    (finding,) = check_model(Around(trained.model, HalfFlat()), trained.images, trained.labels)
    assert finding.title == "the loss has no slope at 64 of 256 samples (25%)"


def test_the_model_and_the_generators_are_left_as_they_were(trained):
    model = Around(trained.model, nn.Sequential(Noise(), Counting()))
    state, profile = torch.get_rng_state(), sys.getprofile()
    assert codes(model, trained) == ["randomised-output", "test-time-optimisation"]
    assert model.before[1].seen == 0
    assert torch.equal(state, torch.get_rng_state())
    assert sys.getprofile() is profile
    assert all(parameter.grad is None for parameter in model.parameters())


def test_it_works_where_gradients_are_switched_off(trained):
    with torch.inference_mode():
        assert codes(trained.model, trained) == []
