"""Tests of burnish.data.text."""

import os
from pathlib import Path

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.options import DataOptions
from burnish.data.text import UNKNOWN, TextSource, decode, encode, load_text


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "book.txt"
    path.write_bytes(text.encode(encoding))
    return path


def options(**given):
    return DataOptions(**{"sequence_length": 10} | given)


def test_windows_follow_each_other_and_the_target_is_one_symbol_later():
    codes = torch.arange(23)
    source = TextSource(codes, 5)
    inputs, targets = source.gather(torch.tensor([3, 0]))
    assert len(source) == 4
    assert inputs.tolist() == [[15, 16, 17, 18, 19], [0, 1, 2, 3, 4]]
    assert torch.equal(targets, inputs + 1)
    assert inputs.is_contiguous()
    assert targets.dtype == torch.int64
    assert source.describe(1) == "symbols 5 to 9"


@pytest.mark.parametrize(("symbols", "windows"), [(0, 0), (5, 0), (6, 1), (10, 1), (11, 2)])
def test_a_window_needs_one_symbol_more_than_its_length(symbols, windows):
    assert len(TextSource(torch.arange(symbols), 5)) == windows


def test_the_splits_are_stretches_in_the_order_of_the_text(tmp_path):
    text = "".join(chr(97 + n % 26) for n in range(1000))
    data = load_text(write(tmp_path, text), options())
    assert data.schema.vocabulary == tuple("abcdefghijklmnopqrstuvwxyz")
    assert (data.schema.kind, data.schema.goal, data.schema.input_shape) == ("text", "language-modelling", (10,))
    for split, start, stop in ((data.train, 0, 800), (data.validation, 800, 900), (data.test, 900, 1000)):
        assert decode(split.codes, data.schema.vocabulary) == text[start:stop]


def test_the_last_tenth_alone_can_be_held_out(tmp_path):
    data = load_text(write(tmp_path, "ab" * 500), options(test=0.0, validation=0.1))
    assert [len(split.codes) for split in (data.train, data.validation, data.test)] == [900, 100, 0]
    assert len(data.test) == 0


def test_symbols_that_only_later_stretches_have_are_unknown(tmp_path):
    data = load_text(write(tmp_path, "ab" * 450 + "azb" * 33 + "b"), options(test=0.0))
    assert data.schema.vocabulary == ("a", "b", UNKNOWN)
    assert decode(data.validation.codes, data.schema.vocabulary)[:6] == f"a{UNKNOWN}ba{UNKNOWN}b"


def test_an_entry_for_unknown_symbols_is_there_only_where_needed(tmp_path):
    assert load_text(write(tmp_path, "ab" * 500), options()).schema.vocabulary == ("a", "b")


def test_symbols_beyond_ascii_and_a_byte_order_mark_are_read(tmp_path):
    text = "é\u4e2d\U0001f600\n" * 100
    data = load_text(write(tmp_path, text, "utf-8-sig"), options())
    assert data.schema.vocabulary == tuple(sorted("é\u4e2d\U0001f600\n"))
    assert decode(data.train.codes, data.schema.vocabulary) == text[:320]


def test_decoding_undoes_encoding():
    vocabulary = tuple("abc ")
    assert decode(encode("a cab", vocabulary), vocabulary) == "a cab"
    assert encode("ax", ("a", UNKNOWN)).tolist() == [0, 1]


def test_a_symbol_that_the_vocabulary_lacks_is_named():
    with pytest.raises(InputError, match="the symbol 'x' is not in the vocabulary of 2 symbols"):
        encode("abx", ("a", "b"))


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        (b"", {}, r"book\.txt is empty: a text is expected"),
        (b"abc", {}, r"the training part of .*book\.txt has 3 symbols, too few for one window of 10"),
        (b"ab" * 40, {}, "the validation part of .* has 8 symbols, too few for one window of 10"),
        (b"abc\xff\xfe", {}, r"book\.txt is not UTF-8 text: byte 3 cannot be read"),
        (b"ab" * 500, {"validation": 0.6, "test": 0.4}, r"shares held out must lie .* validation=0\.6 and test=0\.4"),
        (b"ab" * 500, {"test": -0.1}, "shares held out must lie"),
        (b"ab" * 500, {"sequence_length": 0}, "sequence_length must be at least 1, got 0"),
    ],
)
def test_a_text_that_cannot_be_used_is_named(tmp_path, content, given, message):
    path = tmp_path / "book.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_text(path, options(**given))


@pytest.mark.skipif("BURNISH_DATA" not in os.environ, reason="needs the real text: set BURNISH_DATA")
def test_tiny_shakespeare_has_its_65_symbols():
    path = Path(os.environ["BURNISH_DATA"]) / "tiny-shakespeare" / "input.txt"
    data = load_text(path, DataOptions(test=0.0))
    assert len(data.schema.vocabulary) == 65
    assert len(data.train.codes) + len(data.validation.codes) == 1_115_394
    inputs, _ = data.train.gather(torch.tensor([0]))
    assert decode(inputs[0], data.schema.vocabulary).startswith("First Citizen:\nBefore we proceed")
