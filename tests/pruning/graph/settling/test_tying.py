"""Tests of burnish.pruning.graph.settling.tying."""

import torch
import torch.nn.functional as F
from tests.pruning.graph.equality import assert_equal_to_its_twin
from torch import nn

from burnish.pruning.graph import remove_, trace

WORDS = torch.randint(0, 11, (2, 6), generator=torch.Generator().manual_seed(0))
TEXT = torch.rand(2, 6, 24)


class Attention(nn.Module):
    """Sizes from the shape of the input, as small language models are written."""

    def __init__(self, width=24, heads=4):
        super().__init__()
        self.project, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.width = heads, width

    def forward(self, x):
        batch, length, width = x.size()
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.project(x).split(self.width, dim=2)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).contiguous().view(batch, length, width))


class Block(nn.Module):
    def __init__(self, attention=Attention, width=24):
        super().__init__()
        self.before, self.attention, self.after = nn.LayerNorm(width), attention(), nn.LayerNorm(width)
        self.inside = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.before(x))
        return x + self.inside(self.after(x))


class LanguageModel(nn.Module):
    """Words and places, three blocks, and a last layer that shares its weights with the first."""

    def __init__(self, attention=Attention):
        super().__init__()
        self.words, self.places = nn.Embedding(11, 24), nn.Embedding(8, 24)
        self.blocks = nn.Sequential(*[Block(attention) for _ in range(3)])
        self.norm, self.head = nn.LayerNorm(24), nn.Linear(24, 11, bias=False)
        self.head.weight = self.words.weight

    def forward(self, words):
        x = self.words(words) + self.places(torch.arange(words.shape[1], device=words.device))
        return self.head(self.norm(self.blocks(x)))


def test_a_residual_stream_goes_with_the_heads_whose_width_is_taken_from_it():
    graph = assert_equal_to_its_twin(LanguageModel(), WORDS)
    assert graph.refusals == []
    found = {group.name: (group.count, group.granularity) for group in graph.groups()}
    assert found == {"words": (4, 6), **{f"blocks.{number}.inside.0": (96, 1) for number in range(3)}}


def test_the_numbers_of_every_block_follow():
    model = LanguageModel()
    (stream,) = (group for group in trace(model, WORDS).groups() if group.name == "words")
    remove_(model, stream, [0, 2])
    assert [(block.attention.heads, block.attention.width) for block in model.blocks] == [(2, 12)] * 3
    assert model.head.weight is model.words.weight
    assert model(WORDS).shape == (2, 6, 11)


class Fused(Attention):
    """The width of a head is a number of its own; only the way back takes that of the input."""

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.project(x).view(batch, length, 3, self.heads, 6).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * 6**-0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))


def test_a_way_back_to_the_width_of_the_input_is_enough():
    graph = assert_equal_to_its_twin(LanguageModel(Fused), WORDS)
    assert {group.name: group.count for group in graph.groups()}["words"] == 4


class Free(Attention):
    """The way back takes whatever there is."""

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.project(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def test_widths_that_only_happen_to_be_equal_stay_apart():
    found = {group.name: group.count for group in trace(LanguageModel(Free), WORDS).groups()}
    assert found["words"] == 24
    assert found["blocks.0.attention.project"] == found["blocks.2.attention.project"] == 4


class Constant(Attention):
    """The way back is a number in the code."""

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.project(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, 24))


def test_a_number_in_the_code_ties_nothing():
    graph = trace(LanguageModel(Constant), WORDS)
    found = {group.name: group.count for group in graph.groups()}
    assert found["words"] == 24
    assert "blocks.0.attention.project" not in found
    assert any("blocks.0.attention.project" in refusal.layers for refusal in graph.refusals)
    assert all("test_tying.py:" in refusal.line for refusal in graph.refusals)


def test_one_head_alone_cannot_go_and_keeps_the_stream():
    class Single(Attention):
        def __init__(self):
            super().__init__(heads=1)

    graph = trace(nn.Sequential(nn.Linear(24, 24), Block(Single), nn.Linear(24, 2)), TEXT)
    assert [group.name for group in graph.groups()] == ["1.inside.0"]
