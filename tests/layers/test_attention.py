"""Tests of burnish.layers.attention."""

import math
import re

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.layers.attention import MultiHeadAttention, attend


def build(**options):
    torch.manual_seed(0)
    attention = MultiHeadAttention(width=16, heads=4, **options)
    with torch.no_grad():  # biases start at zero, where a forgotten one would not show
        for parameter in attention.parameters():
            if parameter.ndim == 1:
                parameter.normal_(std=0.1)
    return attention


def masks():
    """One of each form, for 3 samples, 4 heads, 5 queries and 7 keys; none forbids a query everything."""
    generator = torch.Generator().manual_seed(1)
    forms = {}
    for name, shape in {
        "TS": (5, 7),
        "BTS": (3, 5, 7),
        "B1S": (3, 1, 7),
        "BHTS": (3, 4, 5, 7),
        "11TS": (1, 1, 5, 7),
    }.items():
        allowed = torch.rand(shape, generator=generator) > 0.5
        allowed[..., 0] = True
        forms[f"boolean {name}"] = allowed
        forms[f"added {name}"] = torch.randn(shape, generator=generator).masked_fill(~allowed, -math.inf)
    return forms


MASKS = masks()


@pytest.mark.parametrize("mask", [None, *MASKS.values()], ids=["none", *MASKS])
def test_asking_for_weights_leaves_the_output_and_its_gradients_equal(mask):
    attention = build()
    gradients, outputs = [], []
    for asked in (False, True):
        torch.manual_seed(2)
        query, memory = torch.randn(3, 5, 16, requires_grad=True), torch.randn(3, 7, 16, requires_grad=True)
        result = attention(query, memory, mask=mask, return_weights=asked)
        outputs.append(result[0] if asked else result)
        gradients.append(torch.autograd.grad(outputs[-1].square().sum(), [query, memory, *attention.parameters()]))
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "mask", [None, MASKS["boolean TS"][:, :5], MASKS["added BTS"][..., :5]], ids=["none", "bool", "add"]
)
def test_causal_attention_looks_at_no_later_key(mask):
    attention, symbols = build().eval(), torch.randn(3, 5, 16)
    output, weights = attention(symbols, mask=mask, causal=True, return_weights=True)
    assert weights.triu(1).abs().max() == 0
    torch.testing.assert_close(attention(symbols, mask=mask, causal=True), output)
    changed = symbols.clone()
    changed[:, 3:] += 1
    later = attention(changed, mask=mask, causal=True)
    torch.testing.assert_close(later[:, :3], output[:, :3])
    assert not torch.allclose(later[:, 3:], output[:, 3:])


def test_weights_of_a_query_sum_to_one_and_forbidden_keys_get_none():
    allowed = MASKS["boolean BTS"]
    _, weights = build()(torch.randn(3, 5, 16), torch.randn(3, 7, 16), mask=allowed, return_weights=True)
    assert weights.shape == (3, 4, 5, 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4, 5))
    assert weights.masked_select(~allowed.unsqueeze(1)).abs().max() == 0
    assert weights.masked_select(allowed.unsqueeze(1)).min() > 0


@pytest.mark.parametrize("form", ["boolean", "added"])
def test_a_query_that_may_look_at_nothing_gives_the_bias_and_finite_gradients(form):
    attention = build()
    allowed = torch.ones(5, 5, dtype=torch.bool)
    allowed[2] = False
    mask = allowed if form == "boolean" else torch.zeros(5, 5).masked_fill(~allowed, -math.inf)
    for asked in (False, True):
        symbols = torch.randn(2, 5, 16, requires_grad=True)
        result = attention(symbols, mask=mask, return_weights=asked)
        output = result[0] if asked else result
        torch.testing.assert_close(output[:, 2], attention.out_proj.bias.expand(2, -1))
        output.square().sum().backward()
        assert symbols.grad.isfinite().all()
    assert result[1][:, :, 2].abs().max() == 0


@pytest.mark.parametrize("bias", [True, False])
def test_it_is_torch_s_multi_head_attention_with_the_same_parameters(bias):
    theirs = nn.MultiheadAttention(16, 4, bias=bias, batch_first=True)
    ours = build(bias=bias)
    theirs.load_state_dict(ours.state_dict())
    query, key, value = torch.randn(3, 5, 16), torch.randn(3, 7, 16), torch.randn(3, 7, 16)
    allowed = MASKS["boolean TS"]
    expected, weights = theirs(query, key, value, attn_mask=~allowed, average_attn_weights=False)
    output, found = ours(query, key, value, mask=allowed, return_weights=True)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(found, weights)
    torch.testing.assert_close(ours(query, key, value, mask=allowed), expected)
    torch.testing.assert_close(ours(query, key), theirs(query, key, key)[0])
    torch.testing.assert_close(ours(query), theirs(query, query, query)[0])
    present = torch.tensor([[1, 1, 1, 1, 0, 0, 0], [1] * 7, [1, 0, 0, 0, 0, 0, 0]], dtype=torch.bool)
    padded, _ = theirs(query, key, key, key_padding_mask=~present)
    torch.testing.assert_close(ours(query, key, mask=present[:, None]), padded)


def test_the_first_draw_is_torch_s():
    torch.manual_seed(0)
    ours = MultiHeadAttention(64, 2)
    limit = math.sqrt(6 / (64 + 3 * 64))
    assert 0.95 * limit < ours.in_proj_weight.abs().max() <= limit
    assert ours.in_proj_bias.abs().max() == ours.out_proj.bias.abs().max() == 0


def test_dropout_leaves_weights_out_in_training_alone():
    attention, symbols = build(dropout=0.5), torch.randn(2, 6, 16)
    plain = attention.eval()(symbols)
    assert torch.equal(attention(symbols), plain)
    for asked in (False, True):
        torch.manual_seed(3)
        outputs = [attention.train()(symbols, return_weights=asked) for _ in range(2000)]
        mixed = torch.stack([output[0] if asked else output for output in outputs])
        assert not torch.equal(mixed[0], mixed[1])
        error = mixed.std(dim=0) / 2000**0.5
        assert ((mixed.mean(dim=0) - plain).abs() < 5 * error).all()
    torch.testing.assert_close(outputs[0][1].sum(-1), torch.ones(2, 4, 6))


def test_step_by_step_attention_is_the_fused_one():
    q, k, v = torch.randn(3, 2, 4, 5, 8).unbind()
    mixed, _ = attend(q, k, v)
    torch.testing.assert_close(mixed, nn.functional.scaled_dot_product_attention(q, k, v))


def test_it_compiles_for_export():
    attention = build().eval()
    symbols = torch.randn(2, 5, 16)
    program = torch.export.export(attention, (symbols,), {"causal": True})
    torch.testing.assert_close(program.module()(symbols, causal=True), attention(symbols, causal=True))


@pytest.mark.parametrize(("width", "heads"), [(10, 3), (8, 0), (0, 1)])
def test_heads_that_do_not_divide_the_width_are_refused(width, heads):
    with pytest.raises(InputError, match=f"must divide its width, got width {width} and {heads} heads"):
        MultiHeadAttention(width, heads)


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_dropout_outside_its_range_is_named(dropout):
    with pytest.raises(InputError, match=re.escape(f"dropout must lie in [0, 1), got {dropout}")):
        MultiHeadAttention(8, 2, dropout=dropout)


@pytest.mark.parametrize("shape", [(7,), (5, 6), (7, 5), (2, 5, 7), (3, 3, 5, 7), (3, 5, 1), (1, 3, 4, 5, 7)])
def test_a_mask_of_another_shape_is_refused_with_the_shapes_that_fit(shape):
    message = (
        "(queries, keys) = (5, 7), (batch, queries, keys) = (3, 5, 7) or (batch, heads, queries, keys) = (3, 4, 5, 7)"
    )
    with pytest.raises(InputError, match=re.escape(f"{message}, got {shape}")):
        build()(torch.randn(3, 5, 16), torch.randn(3, 7, 16), mask=torch.ones(shape, dtype=torch.bool))


def test_a_mask_of_whole_numbers_is_refused():
    with pytest.raises(
        InputError, match=re.escape("a mask must be boolean (True: look) or hold numbers to add, got torch.int64")
    ):
        build()(torch.randn(3, 5, 16), mask=torch.ones(5, 5, dtype=torch.int64))


def test_causal_attention_to_another_length_is_refused():
    with pytest.raises(InputError, match="as many keys as queries, got 7 keys and 5 queries"):
        build()(torch.randn(3, 5, 16), torch.randn(3, 7, 16), causal=True)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(5, 16)], "the query of an attention must be (5, length, 16), got (5, 16)"),
        ([(3, 5, 12)], "the query of an attention must be (3, length, 16), got (3, 5, 12)"),
        ([(3, 5, 16), (2, 7, 16)], "the key of an attention must be (3, length, 16), got (2, 7, 16)"),
        ([(3, 5, 16), (3, 7, 16), (3, 6, 16)], "the value of an attention must be (3, 7, 16), got (3, 6, 16)"),
    ],
)
def test_inputs_of_another_shape_are_refused(shapes, message):
    with pytest.raises(InputError, match=re.escape(message)):
        build()(*(torch.randn(shape) for shape in shapes))
