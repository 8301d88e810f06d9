"""Tests of burnish.training.clipping."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.training.clipping import clip_


def with_gradients(scale: float = 1.0, *dtypes: torch.dtype) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    parameters = []
    for number, shape in enumerate([(3, 4), (4,), (2, 3, 2), (1,)]):
        dtype = dtypes[number % len(dtypes)] if dtypes else torch.float32
        parameter = nn.Parameter(torch.zeros(shape, dtype=dtype))
        parameter.grad = (scale * torch.randn(shape, generator=generator)).to(dtype)
        parameters.append(parameter)
    return [*parameters, nn.Parameter(torch.zeros(2))]  # the last one has no gradient


def gradients(parameters: list[nn.Parameter]) -> list[torch.Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("dtypes", [(), (torch.float64, torch.float32)])
def test_the_norm_is_limited_as_torch_does(scale, dtypes):
    ours, theirs = with_gradients(scale, *dtypes), with_gradients(scale, *dtypes)
    norm = clip_(ours, norm=1.0)
    expected = nn.utils.clip_grad_norm_(theirs, 1.0)
    torch.testing.assert_close(norm, expected)
    for a, b in zip(gradients(ours), gradients(theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=0)


def test_a_gradient_within_the_limit_is_untouched():
    parameters = with_gradients()
    before = [gradient.clone() for gradient in gradients(parameters)]
    norm = clip_(parameters, norm=1e3)
    assert norm.item() == pytest.approx(math.sqrt(sum((g**2).sum().item() for g in before)))
    assert all(torch.equal(a, b) for a, b in zip(gradients(parameters), before, strict=True))


def test_entries_are_limited_as_torch_does():
    ours, theirs = with_gradients(), with_gradients()
    assert clip_(ours, value=0.5) is None
    nn.utils.clip_grad_value_(theirs, 0.5)
    assert any((gradient.abs() == 0.5).any() for gradient in gradients(ours))
    assert all(torch.equal(a, b) for a, b in zip(gradients(ours), gradients(theirs), strict=True))


def test_with_both_limits_both_hold_and_the_norm_is_that_of_the_raw_gradient():
    parameters = with_gradients(100.0)
    raw = torch.cat([gradient.reshape(-1) for gradient in gradients(parameters)]).norm()
    norm = clip_(parameters, norm=2.0, value=0.3)
    clipped = torch.cat([gradient.reshape(-1) for gradient in gradients(parameters)])
    torch.testing.assert_close(norm, raw)
    assert clipped.norm() <= 2.0
    assert clipped.abs().max() == pytest.approx(0.3)


def test_without_limits_or_gradients_nothing_happens():
    parameters = with_gradients()
    before = [gradient.clone() for gradient in gradients(parameters)]
    assert clip_(parameters) is None
    assert all(torch.equal(a, b) for a, b in zip(gradients(parameters), before, strict=True))
    assert clip_([nn.Parameter(torch.zeros(2))], norm=1.0, value=1.0).item() == 0.0


def test_a_norm_that_is_not_finite_is_reported():
    parameters = with_gradients()
    parameters[0].grad[0, 0] = math.nan
    assert math.isnan(clip_(parameters, norm=1.0).item())


def test_a_generator_of_parameters_is_enough():
    model = nn.Linear(3, 2)
    (model(torch.ones(1, 3)) * 100).sum().backward()
    clip_(model.parameters(), norm=1.0)
    assert torch.cat([p.grad.reshape(-1) for p in model.parameters()]).norm().item() == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("limit", [-1.0, 0.0, math.nan])
def test_a_limit_out_of_range_is_named(limit):
    with pytest.raises(InputError, match=f"clip_norm must be above 0, got {limit}"):
        clip_([], norm=limit)
    with pytest.raises(InputError, match=f"clip_value must be above 0, got {limit}"):
        clip_([], value=limit)
