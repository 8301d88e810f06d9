"""Tests of burnish.data.augment.symbols."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.symbols import OPERATIONS, Frequencies, SymbolAugmentation, TokenDropout, parse_symbols
from burnish.data.schema import Schema
from burnish.data.text import TextSource

VOCABULARY = ("a", "b", "c", "_")
SCHEMA = Schema("text", "language-modelling", (10,), vocabulary=VOCABULARY)
TRAIN = TextSource(torch.tensor([0] * 5 + [1] * 3 + [2] * 2).repeat(11), 10)
"""Half a, three tenths b, two tenths c, and never _."""
COUNT, LENGTH = 1000, 50
PLACES = COUNT * LENGTH


def draws(count=COUNT, epoch=0, start=0):
    return Draws(0, epoch, torch.arange(start, start + count))


def changed(*operations, epoch=0):
    """Texts of nothing but _, after the operations."""
    codes = torch.full((COUNT, LENGTH), 3)
    return SymbolAugmentation(operations).prepared(SCHEMA, TRAIN).batch(codes, draws(epoch=epoch))


def error(share, count=PLACES):
    """Four standard errors of a share."""
    return 4 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("operation", [TokenDropout(share=0.0), TokenDropout(share=1.0, probability=0.0)])
def test_nothing_changes_at_zero_magnitude(operation):
    assert bool((changed(operation) == 3).all())


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_every_symbol_is_replaced_with_the_given_chance(share):
    replaced = changed(TokenDropout(share=share)) != 3
    assert replaced.double().mean().item() == pytest.approx(share, abs=error(share))
    neighbours = (replaced[:, 1:] & replaced[:, :-1]).double().mean().item()
    # Pairs overlap, so their share has up to three times the variance of one from as many independent pairs.
    assert neighbours == pytest.approx(share**2, abs=math.sqrt(3) * error(share**2, COUNT * (LENGTH - 1)))


def test_random_replacements_are_as_frequent_as_in_the_training_split():
    codes = changed(TokenDropout(share=1.0))
    for code, share in enumerate((0.5, 0.3, 0.2, 0.0)):
        assert (codes == code).double().mean().item() == pytest.approx(share, abs=error(share))


def test_a_symbol_of_the_vocabulary_can_stand_for_what_was_dropped():
    codes = changed(TokenDropout(share=0.25, replacement="b"))
    assert set(codes.unique().tolist()) == {1, 3}
    assert (codes == 1).double().mean().item() == pytest.approx(0.25, abs=error(0.25))


def test_an_operation_happens_to_whole_windows_with_its_probability():
    happened = changed(TokenDropout(share=1.0, probability=0.3)) != 3
    assert torch.equal(happened.all(dim=1), happened.any(dim=1))
    assert happened[:, 0].double().mean().item() == pytest.approx(0.3, abs=error(0.3, COUNT))


def test_what_happens_to_a_window_does_not_depend_on_its_batch():
    augmentation = SymbolAugmentation((TokenDropout(share=0.5),)).prepared(SCHEMA, TRAIN)
    codes = torch.full((30, LENGTH), 3)
    whole = augmentation.batch(codes, draws(30))
    assert torch.equal(augmentation.batch(codes[:4], draws(4, start=10)), whole[10:14])
    assert not torch.equal(augmentation.batch(codes, draws(30, epoch=1)), whole)
    assert not torch.equal(whole[0], whole[1])
    assert bool((codes == 3).all())


def test_two_of_the_same_operation_draw_apart():
    codes = changed(TokenDropout(share=0.5, replacement="a"), TokenDropout(share=0.5, replacement="a"))
    assert (codes == 0).double().mean().item() == pytest.approx(0.75, abs=error(0.75))


def test_codes_stay_whole_numbers_for_an_embedding():
    assert changed(TokenDropout()).dtype == torch.int64


def test_the_training_split_is_counted_once_whatever_the_size_of_its_parts(monkeypatch):
    monkeypatch.setattr("burnish.data.augment.symbols._CHUNK", 20)
    below = Frequencies.of(SCHEMA, TRAIN).below
    assert torch.allclose(below, torch.tensor([0.5, 0.8, 1.0, 1.0]).double())


def test_the_same_comes_out_after_moving_to_a_device():
    augmentation = SymbolAugmentation((TokenDropout(),)).prepared(SCHEMA, TRAIN)
    codes = torch.full((9, LENGTH), 3)
    moved = augmentation.to(torch.device("cpu"))
    assert torch.equal(moved.batch(codes, draws(9)), augmentation.batch(codes, draws(9)))


def test_operations_are_known_by_name_and_recorded():
    assert sorted(OPERATIONS) == ["token-dropout"]
    assert SymbolAugmentation((TokenDropout(),)).to_list() == [
        {"name": "token-dropout", "probability": 1.0, "share": 0.1, "replacement": "random"}
    ]
    assert not SymbolAugmentation()


def test_plain_data_make_the_same_operations_again():
    given = SymbolAugmentation((TokenDropout(share=0.3, replacement="_"), TokenDropout(probability=0.5)))
    assert parse_symbols(given.to_list()) == given
    assert parse_symbols("token-dropout") == SymbolAugmentation((TokenDropout(),))
    with pytest.raises(InputError, match="replacement of token-dropout must be a text, got 3"):
        parse_symbols([{"name": "token-dropout", "replacement": 3}])


def test_it_must_be_prepared_with_texts_that_have_the_replacement():
    with pytest.raises(InputError, match="need the training split: prepare the augmentation"):
        SymbolAugmentation((TokenDropout(),)).batch(torch.zeros(1, 2, dtype=torch.int64), draws(1))
    with pytest.raises(InputError, match="symbols of texts can be changed by token-dropout, but this is table data"):
        SymbolAugmentation((TokenDropout(),)).prepared(Schema("table", "regression", (2,)), TRAIN)
    with pytest.raises(
        InputError, match=r"cannot put 'randm', which is not in .* of 4 symbols \(did you mean 'random'"
    ):
        SymbolAugmentation((TokenDropout(replacement="randm"),)).prepared(SCHEMA, TRAIN)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_its_range_is_named(share):
    with pytest.raises(InputError, match=rf"share of token-dropout must lie in \[0, 1\], got {share}"):
        TokenDropout(share=share)
