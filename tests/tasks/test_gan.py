"""Tests of burnish.tasks.gan."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.generative.gan import GAN
from burnish.tasks.gan import Gan, sliced_wasserstein

POINTS = Schema("points", "generation", (2,))


class Shift(nn.Module):
    """One-number networks: the generator adds ``place`` to noise, the discriminator multiplies by ``slope``."""

    def __init__(self, place: float = 0.0, slope: float = 1.0):
        super().__init__()
        self.generator = nn.Linear(1, 1)
        self.generator.weight.data.fill_(1.0)
        self.generator.bias.data.fill_(place)
        self.discriminator = nn.Linear(1, 1, bias=False)
        self.discriminator.weight.data.fill_(slope)

    def sample(self, count, generator=None):
        return self.generator(torch.randn(count, 1, generator=generator))


def reals(count: int, place: float = 3.0) -> Batch:
    return Batch(place + torch.randn(count, 1), None, torch.arange(count))


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_the_discriminators_loss_is_minus_the_value_of_the_game():
    real, made = torch.randn(50, 1), torch.randn(50, 1)
    value = real.sigmoid().log().mean() + (1 - made.sigmoid()).log().mean()
    torch.testing.assert_close(Gan.discriminator_loss(real, made), -value)


@pytest.mark.parametrize(
    ("objective", "slope_at"),
    [("minimax", lambda x: -x.sigmoid()), ("non-saturating", lambda x: x.sigmoid() - 1)],
)
def test_either_objective_has_the_gradient_of_the_paper(objective, slope_at):
    logits = torch.randn(20, 1, dtype=torch.float64).float().requires_grad_()
    loss = Gan(POINTS, objective=objective).generator_loss(logits)
    (gradient,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(gradient, slope_at(logits.detach()) / 20)
    assert (gradient < 0).all()  # descending raises the logit of what was made: it looks more real


def test_minimax_is_the_game_itself_and_saturates_where_the_other_does_not():
    sure = torch.tensor([[-20.0]]).requires_grad_()
    minimax = Gan(POINTS, objective="minimax").generator_loss(sure)
    torch.testing.assert_close(minimax, (1 - sure.sigmoid()).log().mean())
    assert torch.autograd.grad(minimax, sure)[0].abs() < 1e-6
    assert torch.autograd.grad(Gan(POINTS).generator_loss(sure), sure)[0].abs() > 0.99


@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
def test_the_generator_moves_to_where_the_discriminator_sees_real_samples(objective, recorder):
    task, model = Gan(POINTS, objective=objective), Shift(place=0.0, slope=0.0)
    engine = recorder(model, task.parameter_groups(model), rate=0.1)
    task.step(engine, reals(64))
    assert model.generator.bias.item() > 0
    assert model.discriminator.weight.item() > 0


def test_each_network_is_moved_by_its_own_loss_alone(recorder):
    task, model = Gan(POINTS), Shift()
    engine = recorder(model, task.parameter_groups(model), rate=0.0)
    engine.update = lambda name: engine.calls.append(("update", name))
    task.step(engine, reals(8))
    assert [call[:2] for call in engine.calls] == [
        ("backward", "discriminator"),
        ("update", "discriminator"),
        ("backward", "generator"),
        ("update", "generator"),
    ]
    with torch.no_grad():
        model.generator.weight.grad = model.generator.bias.grad = model.discriminator.weight.grad = None
    engine.backward(Gan.discriminator_loss(torch.ones(1, 1), model.discriminator(model.sample(4))), "discriminator")
    assert model.generator.bias.grad is None


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_discriminator_steps_k_times_however_small_the_batch(count, recorder):
    task, model = Gan(POINTS, k=3), Shift()
    engine = recorder(model, task.parameter_groups(model), rate=0.01)
    loss = task.step(engine, reals(count))
    updates = [call[1] for call in engine.calls if call[0] == "update"]
    assert updates == ["discriminator"] * 3 + ["generator"]
    assert all(math.isfinite(call[2]) for call in engine.calls if call[0] == "backward")
    assert math.isfinite(loss.item())


def test_a_frozen_network_is_left_out():
    model = Shift()
    model.generator.weight.requires_grad_(False)
    groups = Gan(POINTS).parameter_groups(model)
    assert [len(groups["generator"]), len(groups["discriminator"])] == [1, 1]


def test_the_distance_falls_when_the_generator_learns():
    task = Gan(Schema("points", "generation", (1,)))
    scores = [task.evaluate(Shift(place), [reals(256)]).metrics["distance"] for place in (0.0, 1.5, 3.0)]
    values = [score.value for score in scores]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(3, abs=0.3)
    assert scores[0].low < values[0] < scores[0].high
    assert scores[0].count == 8


def test_evaluation_leaves_generators_and_mode_alone_and_repeats_itself():
    task, model = Gan(POINTS), GAN((2,), hidden=(8,))
    batches = [Batch(torch.randn(64, 2), None, torch.arange(64))]
    before = torch.get_rng_state()
    first, second = task.evaluate(model, batches), task.evaluate(model, batches)
    assert first.metrics == second.metrics
    assert first.summary["samples"]["points"] == second.summary["samples"]["points"]
    assert torch.equal(torch.get_rng_state(), before)
    assert all(module.training for module in model.modules())


def test_made_pictures_are_kept_for_the_report():
    task = Gan(Schema("image", "generation", (1, 4, 4)))
    found = task.evaluate(GAN((1, 4, 4), hidden=(8,)), [Batch(torch.rand(40, 1, 4, 4), None, torch.arange(40))])
    assert found.summary["made"].shape == (32, 1, 4, 4)


def test_the_sliced_distance_of_a_shift_is_its_mean_projection():
    points = torch.randn(500, 2)
    moved = sliced_wasserstein(points, points + torch.tensor([3.0, 4.0])).item()
    assert moved == pytest.approx(5 * 2 / math.pi, rel=0.1)  # the mean of |cos| over directions is 2 / pi
    assert sliced_wasserstein(points, points[torch.randperm(500)]).item() == 0


def test_a_model_without_its_parts_is_refused():
    with pytest.raises(InputError, match=r"Linear has no \.generator"):
        Gan(POINTS).parameter_groups(nn.Linear(1, 1))
    model = Shift()
    model.sample = None
    with pytest.raises(InputError, match=r"\.sample\(count, generator=None\), Shift has no \.sample"):
        Gan(POINTS).parameter_groups(model)


def test_options_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        Gan(POINTS, k=0)
    with pytest.raises(InputError, match=r"unknown objective 'minmax' \(did you mean 'minimax'\?\)"):
        Gan(POINTS, objective="minmax")
