"""Tests of burnish.layers.stochastic_depth."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers.stochastic_depth import StochasticDepth


def test_evaluation_is_the_identity():
    branch = torch.randn(4, 3, 5, 5)
    assert torch.equal(StochasticDepth(0.3).eval()(branch), branch)


def test_a_sample_is_kept_or_dropped_whole():
    out = StochasticDepth(0.5)(torch.ones(64, 2, 3))
    assert set(out.flatten(1).std(dim=1).tolist()) == {0.0}
    assert set(out.unique().tolist()) == {0.0, 2.0}


def test_training_keeps_the_expectation():
    torch.manual_seed(0)
    out = StochasticDepth(0.8)(torch.ones(200_000, 1))
    assert out.mean().item() == pytest.approx(1.0, abs=5e-3)  # 4 standard errors


@pytest.mark.parametrize("survival", [0.0, -0.1, 1.5])
def test_survival_outside_its_range_is_named(survival):
    with pytest.raises(InputError, match=rf"survival must lie in \(0, 1\], got {survival}"):
        StochasticDepth(survival)
