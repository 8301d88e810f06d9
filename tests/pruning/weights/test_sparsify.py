import copy

import pytest
import torch
from tests.pruning.weights.networks import EXAMPLES, Tied, cnn, mlp, same, zeros
from torch import nn
from torch.nn.utils import prune

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.sparsify import sparsify_


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.85])
def test_globally_the_smallest_of_all_go(sparsity):
    model = cnn()
    flat = torch.cat([weight.value.abs().flatten() for weight in prunable_weights(model)])
    threshold = flat.sort().values[round(sparsity * len(flat)) - 1]
    expected = {weight.name: weight.value.abs() <= threshold for weight in prunable_weights(model)}
    found = sparsify_(model, sparsity)
    assert same(zeros(model), expected)
    assert found.removed == round(sparsity * found.weights)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.85])
def test_by_layer_the_smallest_of_each_go(sparsity):
    model = cnn()
    expected = {}
    for weight in prunable_weights(model):
        size = weight.value.abs()
        expected[weight.name] = size <= size.flatten().sort().values[round(sparsity * size.numel()) - 1]
    found = sparsify_(model, sparsity, scope="layer")
    assert same(zeros(model), expected)
    assert all(layer.removed == round(sparsity * layer.weights) for layer in found.layers)


@pytest.mark.parametrize("kind", ["mlp", "cnn", "attention"])
def test_the_choice_is_that_of_torch(kind):
    ours, theirs = EXAMPLES[kind][0](), EXAMPLES[kind][0]()
    sparsify_(ours, 0.6)
    layers = [(module, name) for weight in prunable_weights(theirs) for module, name in weight.owners]
    prune.global_unstructured(layers, prune.L1Unstructured, amount=0.6)
    assert all(
        torch.equal(weight.value == 0, getattr(module, name) == 0)
        for weight, (module, name) in zip(prunable_weights(ours), layers, strict=True)
    )
    by_layer, theirs = EXAMPLES[kind][0](), EXAMPLES[kind][0]()
    sparsify_(by_layer, 0.6, scope="layer")
    for weight, other in zip(prunable_weights(by_layer), prunable_weights(theirs), strict=True):
        module, name = other.owners[0]
        prune.l1_unstructured(module, name, amount=0.6)
        assert torch.equal(weight.value == 0, getattr(module, name) == 0)


def test_what_stays_is_unchanged_and_biases_and_normalisation_too():
    model = cnn()
    before = copy.deepcopy(model)
    sparsify_(model, 0.7)
    bake_(model)
    for name, value in model.state_dict().items():
        old = before.state_dict()[name]
        assert torch.equal(value, torch.where(value == 0, value, old)), name
        if not name.endswith("weight") or name == "1.weight":
            assert torch.equal(value, old)


def test_mode_gradients_and_generators_stay_as_they_were():
    model = mlp().train()
    model[1].eval()
    model[3].weight.requires_grad_(False)
    model[0].bias.grad = torch.ones(16)
    state = torch.get_rng_state()
    sparsify_(model, 0.5, criterion="random")
    assert (model.training, model[1].training) == (True, False)
    assert not model[3].weight.requires_grad
    assert model[0].weight.requires_grad
    assert model[0].bias.grad.sum() == 16
    assert torch.equal(torch.get_rng_state(), state)


def test_pruning_again_keeps_what_is_gone_and_counts_it():
    model = cnn()
    sparsify_(model, 0.5, criterion="random")
    before = zeros(model)
    found = sparsify_(model, 0.8)
    assert found.sparsity == pytest.approx(0.8, abs=1e-3)
    after = zeros(model)
    assert all(bool((after[name] | ~gone).all()) for name, gone in before.items())
    bake_(model)
    again = sparsify_(model, 0.9)  # zeros of a baked model are the smallest
    assert again.sparsity == pytest.approx(0.9, abs=1e-3)
    assert all(bool((zeros(model)[name] | ~gone).all()) for name, gone in after.items())


def test_random_and_magnitude_remove_different_weights():
    one, other = mlp(), mlp()
    sparsify_(one, 0.5, scope="layer")
    sparsify_(other, 0.5, scope="layer", criterion="random")
    overlap = (zeros(one)["0.weight"] & zeros(other)["0.weight"]).sum().item()
    assert 8 < overlap < 40  # 24 by chance, with a deviation of 3.5


def test_a_function_decides():
    model = mlp()
    sparsify_(model, 0.5, scope="layer", criterion=lambda name, weight: torch.arange(weight.numel()).view(weight.shape))
    assert zeros(model)["0.weight"].flatten().tolist() == [True] * 48 + [False] * 48


def test_shared_weights_are_counted_once():
    model = Tied()
    found = sparsify_(model, 0.5)
    assert found.weights == 7 * 5 + 5 * 5
    assert found.removed == 30
    assert found.parameters == 7 * 5 + 5 * 5 + 5 + 7
    assert torch.equal(model.embedding.weight, model.decoder.weight)


def test_sixteen_bit_weights_are_pruned():
    model = cnn().bfloat16()
    assert sparsify_(model, 0.5).removed == round(0.5 * (72 + 288 + 96))
    assert model(torch.randn(2, 1, 6, 6).bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("sparsity", [0.0, 1.0, -0.5, 1.5, float("nan"), None])
def test_a_share_outside_its_range_is_named(sparsity):
    with pytest.raises(InputError, match=rf"sparsity must lie in \(0, 1\), got {sparsity}: 0.9 removes nine"):
        sparsify_(mlp(), sparsity)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"scope": "globl"}, r"unknown scope 'globl' \(did you mean 'global'\?\)"),
        ({"least_per_output": -1}, "least_per_output must be 0 or more, got -1"),
        ({"pattern": "2:4", "sparsity": 0.9}, "pattern 2:4 removes 0.5 of the weights, got sparsity 0.9"),
        ({"pattern": "2:4", "sparsity": None, "least_per_output": 1}, "does not go with a pattern"),
        ({"sparsity": 1e-4}, "nothing would be removed: 0 of 144 weights"),
    ],
)
def test_options_that_cannot_be_are_refused(options, line):
    with pytest.raises(InputError, match=line):
        sparsify_(mlp(), **({"sparsity": 0.5} | options))


def test_asking_for_no_more_than_is_gone_is_an_error():
    model = mlp()
    sparsify_(model, 0.75, scope="layer")
    with pytest.raises(InputError, match=r"nothing would be removed: 108 of 144 weights \(0.75\) are zero already"):
        sparsify_(model, 0.5)
    sparsify_(model, 0.8)


def test_an_error_leaves_the_model_without_masks():
    model = mlp()
    before = list(model.state_dict())
    model[3].weight.data.mul_(1e-3)
    with pytest.raises(InputError):
        sparsify_(model, 0.5)
    assert list(model.state_dict()) == before
    assert type(model[0]) is nn.Linear
