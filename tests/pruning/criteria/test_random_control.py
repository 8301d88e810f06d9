"""Tests of burnish.pruning.criteria.random_control."""

import torch
from tests.pruning.criteria.hand_made import chain, group, part
from torch import nn

from burnish.pruning.criteria import Random, score_groups


def test_the_same_seed_gives_the_same_scores_and_another_seed_others():
    model, groups = chain()
    first, again, other = (score_groups(model, groups, Random(seed))["first"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_group_draws_the_same_numbers_whatever_else_is_scored():
    model, groups = chain()
    together = score_groups(model, groups, Random())
    assert torch.equal(score_groups(model, groups[1:], Random())["second"], together["second"])
    assert not torch.equal(together["first"][:4], together["second"])


def test_scores_are_uniform_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    model = nn.Linear(1, 10_000)
    state_after_model = torch.get_rng_state()
    scores = score_groups(model, [group("wide", part("weight", 0, 10_000, "produces"))], "random")["wide"]
    assert torch.equal(torch.get_rng_state(), state_after_model)
    torch.set_rng_state(state)
    assert scores.min() >= 0
    assert scores.max() < 1
    assert abs(scores.mean().item() - 0.5) < 4 * (1 / 12 / 10_000) ** 0.5  # 4 standard errors
