"""Tests of burnish.attacks.white_box.adaptive_ascent, through the plainest attack that uses it."""

import dataclasses
import math

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks.goal import Exceed
from burnish.attacks.norms import project, steepest
from burnish.attacks.white_box.adaptive_ascent import _checkpoints
from burnish.attacks.white_box.apgd import APGD
from burnish.common.errors import InputError


@pytest.fixture
def network():
    """A smooth network in double precision, and images with the classes that it sees in them."""
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, 10)).double().eval()
    images = digits_network().images[:40].double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.shape[-1]))
        return model, images, model(images).argmax(1)


def algorithm_1(objective, image, start, eps, norm, steps):
    """The algorithm of the paper for one sample, written as it stands there: the best point and its loss."""

    def look(x):
        leaf = x.clone().requires_grad_(True)
        loss = objective(leaf).sum()
        return loss.item(), torch.autograd.grad(loss, leaf)[0]

    def inside(x):
        return (image + project(x - image, torch.tensor([eps], dtype=torch.float64), norm)).clamp(0, 1)

    share = [0.0, 0.22]
    while share[-1] < 1:
        share.append(share[-1] + max(share[-1] - share[-2] - 0.03, 0.06))
    checkpoints = [math.ceil(round(p * steps, 6)) for p in share if p <= 1]
    x, values, gradients = [start], [], []
    loss, gradient = look(start)
    values.append(loss)
    gradients.append(gradient)
    best, best_loss, best_gradient, length = start, loss, gradient, 2 * eps
    best_then, length_then = -math.inf, None
    rises = 0
    for k in range(steps):
        z = inside(x[k] + length * steepest(gradients[k], norm))
        ahead = z if k == 0 else inside(x[k] + 0.75 * (z - x[k]) + 0.25 * (x[k] - x[k - 1]))
        loss, gradient = look(ahead)
        rises += loss > values[k]
        if loss > best_loss:
            best, best_loss, best_gradient = ahead, loss, gradient
        if k + 1 in checkpoints:
            since = k + 1 - checkpoints[checkpoints.index(k + 1) - 1]
            length_now = length
            if rises < 0.75 * since or (length_then == length and best_then == best_loss):
                length, ahead, loss, gradient = length / 2, best, best_loss, best_gradient
            best_then, length_then, rises = best_loss, length_now, 0
        x.append(ahead)
        values.append(loss)
        gradients.append(gradient)
    return best, best_loss


class Rugged(nn.Module):
    """Waves of several lengths, which hold every case of the two conditions."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.waves = nn.Parameter(4 * torch.randn(64, 30, generator=generator, dtype=torch.float64))

    def forward(self, inputs):
        return (inputs.flatten(1) @ self.waves).sin()


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.02), ("linf", 0.05), ("l2", 0.1)])
def test_each_sample_walks_as_the_algorithm_of_the_paper(network, norm, eps):
    model, images = Rugged().eval(), network[1]
    goal = Exceed(lambda output, _: output.sum(dim=1), limit=math.inf)
    attack = APGD(model, eps=eps, norm=norm, goal=goal)
    start = attack.problem(images, images, goal, 0, len(images)).random_start()
    end, reached, _ = attack.climb(attack.problem(images, images, goal, 0, len(images)))
    for row in range(len(images)):
        one = slice(row, row + 1)
        best, loss = algorithm_1(lambda x: model(x).sum(dim=1), images[one], start[one], eps, norm, 100)
        assert reached[row].item() == pytest.approx(loss, rel=1e-6)
        assert torch.allclose(end[one], best, atol=1e-5)


def test_who_stands_is_not_touched_by_who_drops_out(network):
    model, images, labels = network
    attack = APGD(model, eps=0.1, steps=30)
    quick = attack.run(images, labels)
    thorough = dataclasses.replace(attack, early_stop=False).run(images, labels)
    assert 5 <= int(quick.success.sum()) <= 35
    assert torch.equal(quick.success, thorough.success)
    assert torch.allclose(quick.inputs[~quick.success], thorough.inputs[~quick.success], atol=1e-12)
    assert len(quick.gradients[quick.success].unique()) > 2
    assert (quick.gradients[~quick.success] == 30).all()
    assert (thorough.gradients == 30).all()
    assert (thorough.queries == 33).all()  # one before, one at the last point and one after


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_optimum_of_a_linear_model_is_found(norm):
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(30, 2).double().eval()
    with torch.no_grad():
        model.weight.copy_(torch.randn(2, 30, generator=generator))
    inputs = torch.rand(16, 30, generator=generator, dtype=torch.float64) * 0.4 + 0.3
    labels = model(inputs).argmax(1)
    made = APGD(model, eps=0.1, norm=norm, early_stop=False)(inputs, labels)
    away = model.weight[1 - labels] - model.weight[labels]
    best = inputs + 0.1 * steepest(away, norm)
    assert torch.allclose(made, best, atol=1e-3 if norm == "l2" else 1e-12)


def test_the_step_halves_and_the_best_place_returns_when_a_peak_is_overshot():
    class Peak(nn.Module):
        """The second logit is highest at 0.53, inside the ball."""

        def forward(self, inputs):
            return torch.stack([inputs[:, 0] * 0 + 5, -100 * (inputs[:, 0] - 0.53).square()], dim=1)

    made = APGD(Peak().eval(), eps=0.25)(torch.tensor([[0.5]]), torch.tensor([0]))
    assert made.item() == pytest.approx(0.53, abs=1e-3)  # steps of 2 eps alone would swing between the borders


def test_more_starts_fool_no_fewer_and_only_who_stands_pays_for_them(network):
    model, images, labels = network
    once = APGD(model, eps=0.07, steps=6).run(images, labels)
    often = APGD(model, eps=0.07, steps=6, restarts=4).run(images, labels)
    assert torch.equal(often.success | once.success, often.success)
    assert torch.equal(often.gradients[once.success], once.gradients[once.success])
    assert (often.gradients[~often.success] == 4 * 6).all()


def test_checkpoints_are_those_of_the_paper():
    assert list(_checkpoints(100)) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert list(_checkpoints(100).values()) == [22, 19, 16, 13, 10, 7, 6, 6]
    assert sum(_checkpoints(10).values()) == 10
    assert list(_checkpoints(1)) == [1]


@pytest.mark.parametrize("options", [{"steps": 0}, {"restarts": 0}])
def test_no_steps_or_starts_are_refused(network, options):
    with pytest.raises(InputError, match="steps and restarts must be at least 1"):
        APGD(network[0], eps=0.1, **options)


def test_a_norm_it_does_not_know_is_named(network):
    with pytest.raises(InputError, match="apgd works in linf and l2, not in l1"):
        APGD(network[0], eps=0.1, norm="l1")
