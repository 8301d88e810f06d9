import pytest
import torch
from tests.pruning.weights.networks import cnn
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.pattern import divisible, parse_pattern
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.sparsify import sparsify_


def test_patterns_are_words_or_pairs():
    assert parse_pattern("1:16") == (1, 16)
    assert parse_pattern((2, 4)) == (2, 4)


@pytest.mark.parametrize("pattern", ["4:2", "2-4", "0:4", "4:4", "", (2,), (0, 2), (1.0, 2), "2:4:8"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(InputError, match="pattern must be N:M with 0 < N < M, such as '2:4', got"):
        parse_pattern(pattern)


def test_two_of_every_four_inputs_stay_the_larger_ones():
    layer = nn.Linear(16, 3)
    groups = layer.weight.detach().clone().view(3, 4, 4)
    found = sparsify_(layer, pattern="2:4")
    assert found.sparsity == 0.5
    kept = layer.weight.view(3, 4, 4) != 0
    assert (kept.sum(dim=-1) == 2).all()
    smallest_kept = groups.abs().masked_fill(~kept, torch.inf).amin(dim=-1)
    assert (smallest_kept >= groups.abs().masked_fill(kept, 0).amax(dim=-1)).all()


def test_neighbours_of_a_convolution_are_input_channels():
    layer = nn.Conv2d(8, 4, 3)
    sparsify_(layer, pattern=(1, 4))
    assert ((layer.weight != 0).view(4, 2, 4, 3, 3).sum(dim=2) == 1).all()
    transposed = nn.ConvTranspose2d(8, 4, 3)
    sparsify_(transposed, pattern=(1, 4))
    assert ((transposed.weight != 0).view(2, 4, 4, 3, 3).sum(dim=1) == 1).all()


def test_weights_that_the_pattern_does_not_fit_stay_dense_and_are_named():
    model = cnn()
    found = sparsify_(model, pattern="2:4")
    assert found.left_dense == (("0.weight", "4 does not divide its 1 inputs"),)
    assert [layer.name for layer in found.layers] == ["3.weight", "6.weight"]
    assert model[0].weight.count_nonzero() == 72
    assert "0.weight stays dense: 4 does not divide its 1 inputs" in str(found)


def test_a_pattern_that_fits_nothing_is_an_error():
    with pytest.raises(InputError, match=r"the pattern fits no weight: 4 divides no number of inputs, such as \[6\]"):
        divisible(prunable_weights(nn.Linear(6, 2)), 4)
