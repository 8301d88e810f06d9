"""Tests of burnish.common.module_state."""

import pytest
import torch
from torch import nn

from burnish.common.module_state import evaluating, preserved_buffers, preserved_gradients, preserved_mode, untouched


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Dropout(), nn.Linear(4, 2)))
    made[1].eval()  # a frozen normalisation inside a model that trains
    made[0].weight.requires_grad_(False)
    made[2][1].weight.grad = torch.full((2, 4), 7.0)
    return made


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def gradients(model: nn.Module) -> list:
    return [(p.requires_grad, p.grad, None if p.grad is None else p.grad.clone()) for p in model.parameters()]


def same(before: list, after: list) -> bool:
    return all(
        wanted == wanted_now and grad is grad_now and (copy is None or torch.equal(copy, copy_now))
        for (wanted, grad, copy), (wanted_now, grad_now, copy_now) in zip(before, after, strict=True)
    )


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_set_inside_and_every_submodule_is_put_back(model, training):
    before = modes(model)
    with preserved_mode(model, training):
        assert set(modes(model)) == {training}
    assert modes(model) == before


def test_a_mode_that_is_changed_inside_is_put_back(model):
    before = modes(model)
    with preserved_mode(model):
        assert modes(model) == before
        model.eval()
    assert modes(model) == before


def test_modes_come_back_after_an_error(model):
    before = modes(model)
    with pytest.raises(KeyError), preserved_mode(model, training=True):
        raise KeyError
    assert modes(model) == before


def test_gradients_start_empty_and_come_back(model):
    before = gradients(model)
    with preserved_gradients(model):
        assert all(parameter.grad is None for parameter in model.parameters())
        model.requires_grad_(True)
        model(torch.randn(5, 3)).sum().backward()
    assert same(before, gradients(model))


def test_gradients_come_back_after_an_error(model):
    before = gradients(model)
    with pytest.raises(AttributeError), preserved_gradients(model):
        model.requires_grad_(False).no_such_method()
    assert same(before, gradients(model))


def test_evaluating_takes_no_gradients_and_moves_no_statistics(model):
    model.train()
    before, statistics = modes(model), model[1].running_mean.clone()
    with evaluating(model):
        output = model(torch.randn(5, 3))
        assert set(modes(model)) == {False}
    assert not output.requires_grad
    assert torch.is_grad_enabled()
    assert modes(model) == before
    assert torch.equal(model[1].running_mean, statistics)


def test_evaluating_leaves_nothing_behind_after_an_error(model):
    before = modes(model)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert modes(model) == before
    assert torch.is_grad_enabled()


def test_running_statistics_come_back(model):
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with preserved_buffers(model):
        model.train()
        model(torch.randn(5, 3) + 10)
        assert not torch.equal(model[1].running_mean, before["1.running_mean"])
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_an_untouched_model_and_the_generators_are_as_they_were_even_after_an_error(model):
    mode, gradient, state = modes(model), gradients(model), torch.get_rng_state()
    statistics = model[1].running_mean.clone()

    def disturb():
        model.train().requires_grad_(True)
        model(torch.randn(5, 3)).sum().backward()
        raise KeyError

    with pytest.raises(KeyError), untouched(model):
        disturb()
    assert modes(model) == mode
    assert same(gradient, gradients(model))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(model[1].running_mean, statistics)
