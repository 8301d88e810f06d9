"""Tests of burnish.verbs.predicting.generating."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data import Schema
from burnish.data.text import UNKNOWN
from burnish.models.generative.gan import GAN
from burnish.models.sequence.char_rnn import CharRNN
from burnish.verbs.predicting.generating import continue_text, make_samples

SCHEMA = Schema("text", "language-modelling", (4,), vocabulary=("\n", "a", "b", "c", UNKNOWN))


class Next(nn.Module):
    """After a symbol, by far the likeliest is the one after it in the vocabulary, and after the last the first."""

    def __init__(self, scale=50.0):
        super().__init__()
        self.scale = scale
        self.widths = []

    def forward(self, tokens):
        self.widths.append(tokens.shape[1])
        return nn.functional.one_hot((tokens + 1) % 5, 5).float() * self.scale


class Stepping(Next):
    def step(self, tokens, state=None):
        return self(tokens), (state or 0) + 1


def rnn():
    torch.manual_seed(0)
    return CharRNN(5, hidden=8)


def test_the_likeliest_symbols_follow_each_other():
    assert continue_text(Next(), SCHEMA, "a", length=2, temperature=0) == "bc"


def test_a_model_that_steps_reads_every_symbol_once():
    model = Stepping()
    assert continue_text(model, SCHEMA, "\na", length=3, temperature=0)[:2] == "bc"
    assert model.widths == [2, 1, 1]


def test_any_other_reads_its_window_again():
    model = Next()
    continue_text(model, SCHEMA, "\na", length=5, temperature=0)
    assert model.widths == [2, 3, 4, 4, 4]


def test_stepping_says_what_reading_again_says():
    model = rnn()

    class Whole(nn.Module):
        def forward(self, tokens):
            return model(tokens)

    long = Schema("text", "language-modelling", (100,), vocabulary=SCHEMA.vocabulary)
    assert continue_text(Whole(), long, "abc", length=50) == continue_text(model, long, "abc", length=50)


def test_a_placeholder_for_unknown_symbols_is_never_written():
    assert UNKNOWN not in continue_text(Next(), SCHEMA, "c", length=20, temperature=0)
    assert UNKNOWN not in continue_text(Next(0.0), SCHEMA, "c", length=300, temperature=5)


def test_low_temperature_is_greedy_and_high_temperature_is_even():
    model = Next(2.0)
    assert continue_text(model, SCHEMA, "a", length=2, temperature=1e-9) == "bc"
    wild = continue_text(model, SCHEMA, "a", length=2000, temperature=1e9)
    counts = [wild.count(symbol) for symbol in "\nabc"]
    assert all(abs(count - 500) < 4 * (2000 * 0.25 * 0.75) ** 0.5 for count in counts)  # 4 standard errors


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    model = rnn()
    before = torch.get_rng_state()
    first = continue_text(model, SCHEMA, "ab", length=40, seed=1)
    assert continue_text(model, SCHEMA, "ab", length=40, seed=1) == first
    assert continue_text(model, SCHEMA, "ab", length=40, seed=2) != first
    assert torch.equal(torch.get_rng_state(), before)


def test_the_start_of_a_line_is_the_default_prompt():
    model = rnn()
    assert continue_text(model, SCHEMA, length=30) == continue_text(model, SCHEMA, "\n", length=30)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"prompt": "abé?"}, r"the prompt has symbols that the run's text does not have: '\?', 'é'; its 4 symbols are"),
        ({"length": 0}, "length must be at least 1, got 0"),
        ({"temperature": -1.0}, "temperature must be 0 or more, got -1.0"),
    ],
)
def test_what_cannot_be_is_named(options, line):
    with pytest.raises(InputError, match=line):
        continue_text(Next(), SCHEMA, **options)


def test_samples_are_as_many_as_asked_and_a_function_of_the_seed():
    model = GAN((2,), latent=4, hidden=(8,)).train()
    before = torch.get_rng_state()
    made = make_samples(model, 1500, seed=3)
    assert made.shape == (1500, 2)
    assert torch.equal(made, make_samples(model, 1500, seed=3))
    assert not torch.equal(made, make_samples(model, 1500, seed=4))
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    with pytest.raises(InputError, match="count must be at least 1, got 0"):
        make_samples(model, 0)
