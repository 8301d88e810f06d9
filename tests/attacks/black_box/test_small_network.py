"""Tests of burnish.attacks.black_box.small_network."""

import pytest
import torch

from burnish.attacks.black_box.small_network import small_network
from burnish.common.errors import InputError


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 8), (3, 1, 5), (3, 70, 50), (7,)])
def test_inputs_of_any_size_become_one_logit_a_class(shape):
    inputs = torch.rand(6, *shape, generator=torch.Generator().manual_seed(0))
    model = small_network(inputs, 5)
    output = model(inputs)
    assert output.shape == (6, 5)
    output.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_inputs_are_standardised_and_what_never_varies_passes():
    inputs = torch.randn(500, 3) * torch.tensor([100.0, 0.0, 0.01]) + torch.tensor([5.0, 7.0, -3.0])
    seen = small_network(inputs, 2).input(inputs)
    assert torch.allclose(seen.mean(0), torch.zeros(3), atol=1e-3)
    assert torch.allclose(seen.std(0), torch.tensor([1.0, 0.0, 1.0]), atol=1e-2)


def test_other_inputs_ask_for_a_module():
    with pytest.raises(
        InputError, match=r"images \(N, C, H, W\) and rows \(N, features\), not for \(2, 3, 4\): pass a mod"
    ):
        small_network(torch.rand(2, 3, 4), 2)
