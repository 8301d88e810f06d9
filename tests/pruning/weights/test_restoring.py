import pytest
import torch
from tests.pruning.weights.networks import EXAMPLES, mlp, same, train, zeros
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import bake_, mask_of
from burnish.pruning.weights.restoring import mask_like_, mask_zeros_
from burnish.pruning.weights.sparsify import sparsify_


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_baked_zeros_are_kept_by_further_training(kind):
    model, inputs = EXAMPLES[kind][0](), EXAMPLES[kind][1]
    found = sparsify_(model, 0.6, least_per_output=1)
    bake_(model)
    assert mask_zeros_(model).removed == found.removed
    before = zeros(model)
    train(model, inputs, torch.optim.Adam(model.parameters(), lr=0.01))
    assert same(zeros(model), before)


def test_weights_without_a_zero_get_no_mask():
    model = mlp()
    model[3].weight.data[0, 0] = 0
    mask_zeros_(model)
    assert mask_of(model[0], "weight") is None
    assert mask_of(model[3], "weight").removed == 1


def test_nothing_to_mask_and_everything_to_mask_are_errors():
    with pytest.raises(InputError, match="no weight of Sequential is zero: there is nothing to mask"):
        mask_zeros_(mlp())
    model = mlp()
    model[3].weight.data.zero_()
    with pytest.raises(InputError, match=r"'3.weight' is zero as a whole, which may be how it starts"):
        mask_zeros_(model)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_fresh_model_takes_the_state_of_a_masked_one(kind):
    model, inputs = EXAMPLES[kind][0](), EXAMPLES[kind][1]
    sparsify_(model, 0.6, least_per_output=1)
    train(model, inputs, torch.optim.SGD(model.parameters(), lr=0.1))
    fresh = EXAMPLES[kind][0]()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    mask_like_(fresh, state)
    fresh.load_state_dict(state)
    model.eval(), fresh.eval()
    assert torch.equal(fresh(inputs), model(inputs))
    assert same(zeros(fresh), zeros(model))


def test_masks_that_do_not_fit_are_named():
    model = mlp()
    with pytest.raises(InputError, match="the state has no masks"):
        mask_like_(model, model.state_dict())
    other = nn.Sequential(nn.Linear(6, 5))
    sparsify_(other, 0.5)
    with pytest.raises(InputError, match=r"mask of '0.weight' has shape \(5, 6\), and that has shape \(16, 6\) here"):
        mask_like_(model, other.state_dict())
    named = nn.ModuleDict({"a": nn.Linear(2, 2)})
    sparsify_(named, 0.5)
    with pytest.raises(InputError, match=r"mask of 'a.weight' has shape \(2, 2\), and that is no weight here"):
        mask_like_(model, named.state_dict())
