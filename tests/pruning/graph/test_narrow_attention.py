"""Tests of burnish.pruning.graph.narrow_attention."""

import copy

import pytest
import torch
from torch import nn

from burnish.pruning.graph.narrow_attention import NarrowMultiheadAttention


def pair(**options):
    torch.manual_seed(0)
    original = nn.MultiheadAttention(8, 2, **options).double()
    if options.get("bias", True):
        nn.init.normal_(original.out_proj.bias)
        nn.init.normal_(original.in_proj_bias)
    narrow = copy.deepcopy(original)
    NarrowMultiheadAttention.adopt_(narrow)
    return original, narrow


def assert_same(original, narrow, *args, **options):
    for need_weights in (True, False):
        wanted, weights = original(*args, need_weights=need_weights, **options)
        found, shares = narrow(*args, need_weights=need_weights, **options)
        torch.testing.assert_close(found, wanted)
        assert (weights is None) == (shares is None)
        if weights is not None:
            torch.testing.assert_close(shares, weights)


QUERY, KEY = torch.rand(3, 5, 8, dtype=torch.float64), torch.rand(3, 4, 8, dtype=torch.float64)


@pytest.mark.parametrize("options", [{"batch_first": True}, {"batch_first": True, "bias": False}])
def test_it_is_torchs_own_with_every_mask(options):
    original, narrow = pair(**options)
    assert_same(original, narrow, QUERY, KEY, KEY)
    forbidden = torch.zeros(5, 4, dtype=torch.bool)
    forbidden[2, 1] = True
    assert_same(original, narrow, QUERY, KEY, KEY, attn_mask=forbidden)
    assert_same(original, narrow, QUERY, KEY, KEY, attn_mask=forbidden.double() * -3)
    assert_same(original, narrow, QUERY, KEY, KEY, attn_mask=torch.rand(6, 5, 4, dtype=torch.float64))
    padding = torch.tensor([[False] * 4, [False, False, True, True], [False] * 3 + [True]])
    assert_same(original, narrow, QUERY, KEY, KEY, key_padding_mask=padding, attn_mask=forbidden)
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
    assert_same(original, narrow, QUERY, QUERY, QUERY, attn_mask=causal, is_causal=True)


def test_it_is_torchs_own_with_time_first_without_a_batch_and_with_other_widths():
    assert_same(*pair(), QUERY, QUERY, QUERY)
    assert_same(*pair(batch_first=True), QUERY[0], KEY[0], KEY[0])
    assert_same(*pair(batch_first=True, kdim=8, vdim=6), QUERY, KEY, KEY[..., :6])


def test_weights_of_single_heads_are_torchs_own():
    original, narrow = pair(batch_first=True)
    wanted = original(QUERY, KEY, KEY, average_attn_weights=False)[1]
    torch.testing.assert_close(narrow(QUERY, KEY, KEY, average_attn_weights=False)[1], wanted)


def test_dropout_leaves_weights_out_in_training_alone():
    original = nn.MultiheadAttention(8, 2, dropout=0.9, batch_first=True).double()
    NarrowMultiheadAttention.adopt_(original)
    torch.manual_seed(0)
    original.train()
    assert not torch.equal(original(QUERY, KEY, KEY)[0], original(QUERY, KEY, KEY)[0])
    original.eval()
    assert torch.equal(original(QUERY, KEY, KEY)[0], original(QUERY, KEY, KEY)[0])


def test_an_attention_with_keys_of_its_own_does_not_fit():
    assert NarrowMultiheadAttention.fits(nn.MultiheadAttention(8, 2))
    assert not NarrowMultiheadAttention.fits(nn.MultiheadAttention(8, 2, add_bias_kv=True))
    assert not NarrowMultiheadAttention.fits(nn.MultiheadAttention(8, 2, add_zero_attn=True))
    assert not NarrowMultiheadAttention.fits(nn.Linear(8, 8))
