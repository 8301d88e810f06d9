"""Tests of burnish.defences.smoothing_bounds."""

import math

import pytest
import torch

from burnish.defences.smoothing_bounds import lower_confidence_bound, tie_p_value


def at_least(successes, count, chance):
    return sum(math.comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(successes, count + 1))


@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.001])
@pytest.mark.parametrize("count", [1, 7, 40])
def test_at_the_bound_as_many_votes_have_the_chance_alpha(alpha, count):
    bounds = lower_confidence_bound(torch.arange(count + 1), count, alpha)
    assert bounds[0] == 0
    for successes in range(1, count + 1):
        assert at_least(successes, count, bounds[successes].item()) == pytest.approx(alpha, rel=1e-9)


def test_the_bound_is_that_of_scipy_for_large_counts():
    stats = pytest.importorskip("scipy.stats")
    votes = torch.tensor([1, 50_000, 99_000, 99_999, 100_000])
    for successes, bound in zip(votes.tolist(), lower_confidence_bound(votes, 100_000, 0.001).tolist(), strict=True):
        test = stats.binomtest(successes, 100_000, alternative="greater")
        assert bound == pytest.approx(test.proportion_ci(0.999, "exact").low, rel=1e-9)


def test_the_bound_holds_as_often_as_it_says():
    random = torch.Generator().manual_seed(0)
    trials, chance, alpha = 4000, 0.8, 0.05
    votes = (torch.rand(trials, 60, generator=random) < chance).sum(dim=1)
    wrong = (lower_confidence_bound(votes, 60, alpha) > chance).double().mean().item()
    assert wrong <= alpha + 4 * (alpha * (1 - alpha) / trials) ** 0.5  # 4 standard errors
    assert wrong > alpha / 4  # a bound of 0 would never be wrong


def test_the_p_value_is_that_of_the_binomial_test():
    stats = pytest.importorskip("scipy.stats")
    for most, second in ((1, 0), (2, 2), (5, 1), (60, 40), (75, 25), (700, 600)):
        expected = stats.binomtest(most, most + second, 0.5).pvalue
        found = tie_p_value(torch.tensor([most]), torch.tensor([second])).item()
        assert found == pytest.approx(expected, rel=1e-9)
