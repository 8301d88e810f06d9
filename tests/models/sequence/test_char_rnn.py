"""Tests of burnish.models.sequence.char_rnn."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models import create

NAMES = ["char-lstm", "char-gru"]


@pytest.mark.parametrize("name", NAMES)
def test_stepping_symbol_by_symbol_gives_the_logits_of_the_whole_text(name):
    model = create(name, 9, hidden=8).eval()
    tokens = torch.randint(9, (3, 12))
    state, parts = None, []
    for symbol in tokens.split(1, dim=1):
        logits, state = model.step(symbol, state)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens))


@pytest.mark.parametrize("name", NAMES)
def test_no_symbol_sees_the_future(name):
    model = create(name, 9, hidden=8).eval()
    tokens = torch.randint(9, (2, 12))
    changed = tokens.clone()
    changed[:, 6] = (changed[:, 6] + 1) % 9
    before, after = model(tokens), model(changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6], after[:, 6])
    assert not torch.equal(before[:, -1], after[:, -1])


def test_a_state_carries_what_was_read():
    model = create("char-lstm", 9, hidden=8).eval()
    first, second = torch.randint(9, (2, 1, 5))
    _, state = model.step(first)
    assert not torch.equal(model(second, state), model(second))


def test_dropout_works_with_one_layer_too():
    model = create("char-gru", 9, hidden=8, num_layers=1, dropout=0.5).train()
    tokens = torch.zeros(1, 4, dtype=torch.int64)
    assert not torch.equal(model(tokens), model(tokens))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden, num_layers and embedding must be at least 1, got 0, 2 and 0"),
        ({"dropout": 1.5}, r"dropout must lie in \[0, 1\), got 1.5"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(InputError, match=message):
        create("char-lstm", 9, **options)
