"""Tests of burnish.models.vision.vit_encoder."""

import pytest
import torch

from burnish.models.vision.vit_encoder import Encoder, EncoderBlock


def test_both_branches_of_a_block_are_added_to_what_came_in():
    block, tokens = EncoderBlock(8, 2, 16, dropout=0.0, survival=1.0), torch.randn(2, 5, 8)
    for last in (block.self_attention.out_proj, block.mlp[3]):
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.zeros_(last.bias)
    assert torch.equal(block(tokens), tokens)
    torch.nn.init.ones_(block.self_attention.out_proj.bias)
    torch.testing.assert_close(block(tokens), tokens + 1)
    torch.nn.init.ones_(block.mlp[3].bias)
    torch.testing.assert_close(block(tokens), tokens + 2)


def test_a_block_gives_its_weights_beside_an_equal_output():
    block, tokens = EncoderBlock(8, 2, 16, dropout=0.0, survival=1.0), torch.randn(2, 5, 8)
    output, weights = block.with_weights(tokens)
    torch.testing.assert_close(output, block(tokens))
    assert weights.shape == (2, 2, 5, 5)


def test_dropped_branches_leave_a_sample_as_it_is():
    torch.manual_seed(0)
    block, tokens = EncoderBlock(8, 2, 16, dropout=0.0, survival=0.5).train(), torch.randn(400, 3, 8)
    untouched = (block(tokens) == tokens).flatten(1).all(dim=1).float().mean().item()
    assert untouched == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 400) ** 0.5)


def test_positions_tell_equal_tokens_apart():
    encoder = Encoder(5, 2, 8, 2, 16, dropout=0.0, stochastic_depth=0.0)
    output = encoder(torch.ones(1, 5, 8))
    assert not torch.allclose(output[:, 1], output[:, 2])


def test_every_weight_is_drawn():
    torch.manual_seed(0)
    first = Encoder(5, 2, 8, 2, 16, 0.0, 0.0).state_dict()
    torch.manual_seed(0)
    second = Encoder(5, 2, 8, 2, 16, 0.0, 0.0).state_dict()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    limit = (6 / (8 + 16)) ** 0.5
    assert 0.8 * limit < first["layers.encoder_layer_1.mlp.0.weight"].abs().max() <= limit
