import re

import pytest
import torch
from tests.pruning.weights.networks import cnn, mlp
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.choosing import choose
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.scores import score_weights
from burnish.pruning.weights.sparsify import sparsify_


def chosen(model, sparsity, scope="global", least=0, ignore=()):
    weights = prunable_weights(model, ignore)
    return choose(weights, score_weights(model, weights), sparsity, scope, None, least)


@pytest.mark.parametrize("least", [1, 2, 3])
@pytest.mark.parametrize(
    "make",
    [mlp, cnn, lambda: cnn().to(memory_format=torch.channels_last), lambda: nn.ConvTranspose2d(4, 6, 3, groups=2)],
)
def test_every_output_keeps_its_highest_few(make, least):
    model = make()
    weights = prunable_weights(model)
    found = choose(weights, score_weights(model, weights), 0.5, "global", None, least)
    for weight, removed in zip(weights, found, strict=True):
        kept, size = weight.by_output(~removed), weight.by_output(weight.value.abs())
        best = size.argsort(dim=1, descending=True)[:, :least]
        assert kept.gather(1, best).all()
    assert sum(int(removed.sum()) for removed in found) == round(sum(removed.numel() for removed in found) * 0.5)


def test_what_must_stay_limits_what_can_go_and_the_limit_works():
    with pytest.raises(
        InputError, match=r"least_per_output=4 keeps 76 of all weights, so that at most 0.4722"
    ) as error:
        chosen(mlp(), 0.6, least=4)
    limit = float(re.search(r"at most ([\d.]+)", str(error.value))[1])
    assert any(bool(removed.any()) for removed in chosen(mlp(), limit, least=4))
    with pytest.raises(InputError, match=r"keeps 12 of '3.weight', so that at most 0.75 can be removed, and 0.7917"):
        chosen(mlp(), 0.8, scope="layer", least=4, ignore=["0"])
    assert chosen(mlp(), 0.75, scope="layer", least=4, ignore=["0"])[0].sum() == 36


def test_a_layer_that_would_lose_everything_is_named_with_a_limit_that_works():
    model = mlp()
    model[3].weight.data.mul_(1e-3)
    with pytest.raises(InputError, match=r"'3.weight' would lose all of its 48 weights.*least_per_output=1") as error:
        sparsify_(model, 0.5)
    limit = float(re.search(r"some is ([\d.]+)", str(error.value))[1])
    assert limit == pytest.approx(47 / 144, abs=1e-4)
    sparsify_(model, limit)
    assert model[3].weight.count_nonzero() == 1
    kept = mlp()
    kept[3].weight.data.mul_(1e-3)
    sparsify_(kept, 0.5, least_per_output=1)
    assert (kept[3].weight != 0).sum(dim=1).tolist() == [1, 1, 1]


def test_a_layer_too_small_for_its_share_is_named():
    with pytest.raises(InputError, match=r"'weight' would lose all of its 4 weights.*leaves every layer some is 0.75"):
        sparsify_(nn.Linear(2, 2), 0.9, scope="layer")


def test_removed_weights_do_not_come_back_to_fill_an_output():
    model = mlp()
    sparsify_(model, 0.2, criterion=first_rows_first)
    assert not model[0].weight[:3].any()
    found = sparsify_(model, 0.6, least_per_output=2)
    assert not model[0].weight[:3].any()
    assert (model[0].weight[5:] != 0).sum(dim=1).min() == 2
    assert found.removed == round(0.6 * 144)


def first_rows_first(name, weight):
    return torch.arange(weight.numel()).view(weight.shape) + (1000.0 if name == "3.weight" else 0.0)
