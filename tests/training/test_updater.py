"""Tests of burnish.training.updater."""

import pytest
import torch
from tests.training.toy import SCHEMA
from torch import nn

from burnish.common.errors import InputError
from burnish.tasks import Classification, Gan
from burnish.training.options import TrainingOptions
from burnish.training.updater import BadLossError, Updater


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Linear(2, 2)
        self.discriminator = nn.Linear(2, 1)

    def sample(self, count, generator=None):
        return self.generator(torch.randn(count, 2, generator=generator))


def updater(module, task=None, **options):
    chosen = TrainingOptions(**({"optimizer": "sgd", "learning_rate": 0.5} | options))
    return Updater(module, task or Classification(SCHEMA), chosen, syncs=False, checks=True)


def test_backward_of_one_name_leaves_the_other_parameters_alone():
    model = Pair()
    two = updater(model, Gan(SCHEMA))
    loss = model.discriminator(model.generator(torch.ones(3, 2))).sum()
    two.backward(loss, "generator")
    assert model.generator.weight.grad is not None
    assert model.discriminator.weight.grad is None


def test_an_update_steps_and_clears_one_optimizer():
    model = Pair()
    two = updater(model, Gan(SCHEMA))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    two.backward(model.discriminator(torch.ones(3, 2)).sum(), "discriminator")
    two.update("discriminator")
    assert model.discriminator.weight.grad is None
    assert torch.equal(model.discriminator.weight, before["discriminator.weight"] - 0.5 * 3)
    assert torch.equal(model.generator.weight, before["generator.weight"])


def test_a_step_with_several_optimizers_must_name_one():
    with pytest.raises(InputError, match=r"several optimizers \(discriminator, generator\): name one"):
        updater(Pair(), Gan(SCHEMA)).update()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_bad_loss_is_caught_before_its_gradient(bad):
    model = nn.Linear(2, 3)
    with pytest.raises(BadLossError):
        updater(model).backward(model.weight.sum() * bad)
    assert model.weight.grad is None


def test_gradients_are_clipped_together():
    model = nn.Linear(2, 3, bias=False)
    one = updater(model, clip_norm=1.0)
    before = model.weight.detach().clone()
    one.backward((model.weight * 100).sum())
    one.update()
    assert (before - model.weight).norm().item() == pytest.approx(0.5, rel=1e-4)


def test_rates_are_factors_of_the_base_rate():
    one = updater(nn.Linear(2, 3))
    one.set_rates(0.1)
    assert one.learning_rate == pytest.approx(0.05)
    one.set_rates(1.0)
    assert one.learning_rate == pytest.approx(0.5)


def test_a_closure_optimizer_refuses_two_sets_of_parameters():
    with pytest.raises(InputError, match="lbfgs works with one optimizer, one process and accumulate 1"):
        updater(Pair(), Gan(SCHEMA), optimizer="lbfgs")


def test_options_that_were_not_resolved_are_refused():
    with pytest.raises(InputError, match="no optimizer was chosen"):
        updater(nn.Linear(2, 3), optimizer=None)
