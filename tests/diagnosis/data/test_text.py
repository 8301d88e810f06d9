"""Tests of burnish.diagnosis.data.text."""

import numpy as np

from burnish.data.text import UNKNOWN
from burnish.diagnosis.data.text import PASSAGE, text_findings

VOCABULARY = tuple("abcdefghijklmnopqrstuvwxyz ")


def letters(count, seed):
    return np.random.default_rng(seed).integers(0, 26, count).astype(np.int32)


def find(train, validation, test, vocabulary=VOCABULARY):
    return {finding.code: finding for finding in text_findings([train, validation, test], vocabulary)}


def test_a_text_without_repetition_has_no_finding():
    assert "passages-across-splits" not in find(letters(5000, 0), letters(600, 1), letters(600, 2))
    assert list(find(letters(5000, 0), letters(600, 1), letters(600, 2))) == ["rare-symbols"]  # the space


def test_a_passage_of_train_in_the_test_is_a_leak_with_its_length():
    train, test = letters(5000, 0), letters(2000, 2)
    test[300:700] = train[1234:1634]
    found = find(train, letters(600, 1), test)["passages-across-splits"]
    assert (found.severity, found.count, found.share) == ("error", 400, 0.2)
    assert found.examples[0].note.startswith("400 symbols at test 300: ")


def test_a_passage_one_symbol_too_short_is_none():
    train, test = letters(5000, 0), letters(2000, 2)
    test[300 : 300 + PASSAGE - 1] = train[1000 : 1000 + PASSAGE - 1]
    test[[299, 300 + PASSAGE - 1]] = (train[[999, 1000 + PASSAGE - 1]] + 1) % 26
    assert "passages-across-splits" not in find(train, letters(600, 1), test)


def test_training_text_that_returns_is_counted_once():
    train = letters(5000, 0)
    train[3000:3500] = train[:500]
    found = find(train, letters(600, 1), letters(600, 2))["repeated-passages"]
    assert (found.count, found.severity) == (500, "warning")


def test_a_ruled_line_is_no_repeated_passage():
    train = letters(5000, 0)
    train[1000:1150] = 3
    assert "repeated-passages" not in find(train, letters(600, 1), letters(600, 2))


def test_unknown_symbols_are_counted():
    test = letters(600, 2)
    test[:6] = 27
    found = find(letters(5000, 0), letters(600, 1), test, (*VOCABULARY, UNKNOWN))
    assert (found["unknown-symbols"].count, found["unknown-symbols"].severity) == (6, "warning")
    assert found["rare-symbols"].count == 1


def test_short_parts_are_no_special_case():
    assert list(find(letters(5000, 0), letters(0, 0), letters(20, 2))) == ["rare-symbols"]
