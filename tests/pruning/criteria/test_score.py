"""Tests of burnish.pruning.criteria.score."""

import copy

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import chain, pairs

from burnish.common.errors import InputError
from burnish.pruning.criteria import names, score_groups
from burnish.pruning.graph import trace


def state_of(model):
    return [
        [module.training for module in model.modules()],
        [parameter.requires_grad for parameter in model.parameters()],
        [None if parameter.grad is None else parameter.grad.clone() for parameter in model.parameters()],
        [tensor.detach().clone() for tensor in (*model.parameters(), *model.buffers())],
        torch.get_rng_state(),
    ]


def same(one, other):
    if isinstance(one, list):
        return all(same(a, b) for a, b in zip(one, other, strict=True))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.parametrize("name", names())
def test_every_criterion_gives_a_finite_number_a_channel_and_leaves_the_model_as_it_was(name):
    model, groups = chain(norm=True)
    groups = groups[:1]
    model.train()
    model.norm.eval()
    model.second.bias.requires_grad_(False)
    model.first.weight.grad = torch.ones_like(model.first.weight)
    before = copy.deepcopy(state_of(model))
    found = score_groups(model, groups, name, batches=pairs(), task=F.cross_entropy)
    assert same(state_of(model), before)
    score = found["first"]
    assert score.shape == (6,)
    assert score.dtype == torch.float64
    assert score.unique().numel() > 1
    assert bool(score.isfinite().all())
    assert bool((score >= 0).all())


@pytest.mark.parametrize("name", [name for name in names() if name != "batchnorm-scale"])
def test_traced_groups_are_scored_as_those_written_by_hand(name):
    model, groups = chain()
    traced = trace(model, pairs()[0][0]).groups()
    found, expected = (score_groups(model, g, name, batches=pairs(), task=F.cross_entropy) for g in (traced, groups))
    assert list(found) == ["first", "second"]
    for group in found:
        torch.testing.assert_close(found[group], expected[group])


@pytest.mark.parametrize("name", names())
def test_bfloat16_models_are_scored(name):
    model, groups = chain(norm=True)
    model = model.bfloat16()
    batches = [(inputs.bfloat16(), targets) for inputs, targets in pairs()]
    found = score_groups(model, groups[:1], name, batches=batches, task=F.cross_entropy)["first"]
    assert found.dtype == torch.float64
    assert found.unique().numel() > 1


def test_layers_become_comparable_unless_the_user_wants_raw_scores():
    model, groups = chain()
    raw, default = score_groups(model, groups, "l1", normalise="none"), score_groups(model, groups, "l1")
    assert not torch.allclose(raw["first"].mean(), raw["second"].mean())
    for name in raw:
        torch.testing.assert_close(default[name], raw[name] / raw[name].mean())


def test_a_function_of_model_and_group_serves_as_a_criterion():
    model, groups = chain()
    found = score_groups(model, groups, lambda model, group: torch.arange(group.count), normalise="none")
    assert found["second"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_scores_of_the_wrong_shape_are_named():
    model, groups = chain()

    def halved(model, group):
        return torch.ones(group.count // 2)

    with pytest.raises(InputError, match=r"'halved' gave \(3,\) for 'first': expected a score a channel \(6,\)"):
        score_groups(model, groups, halved)


def test_weights_that_are_not_numbers_are_an_error():
    model, groups = chain()
    with torch.no_grad():
        model.first.weight[0, 0] = float("nan")
    with pytest.raises(InputError, match="'l1' gave NaN or infinity for 'first'"):
        score_groups(model, groups, "l1")


@pytest.mark.parametrize("name", ["mean-activation", "active-share"])
def test_data_are_asked_for_by_the_criteria_that_look_at_them(name):
    model, groups = chain()
    with pytest.raises(InputError, match=f"criterion '{name}' looks at data: pass batches="):
        score_groups(model, groups, name)


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "batches and task is"), ({"batches": pairs()}, "task is"), ({"task": F.cross_entropy}, "batches is")],
)
def test_a_loss_is_asked_for_by_the_criterion_that_looks_at_it(given, missing):
    model, groups = chain()
    with pytest.raises(InputError, match=f"'taylor' looks at the loss on data, and {missing} missing: pass batches="):
        score_groups(model, groups, "taylor", **given)


def test_no_groups_is_an_error():
    with pytest.raises(InputError, match="there are no groups to score"):
        score_groups(chain()[0], [], "l1")


def test_the_model_is_as_it_was_after_a_failure():
    model, groups = chain(norm=True)
    model.train()
    before = copy.deepcopy(state_of(model))
    with pytest.raises(InputError, match="batches has no samples"):
        score_groups(model, groups, "taylor", batches=[], task=F.cross_entropy)
    assert same(state_of(model), before)
