"""Tests of burnish.diagnosis.data.classes."""

import numpy as np

from burnish.diagnosis.data.classes import class_findings
from burnish.diagnosis.data.samples import Samples


def find(train, test, classes=("a", "b", "c")):
    labels = np.concatenate([np.repeat(np.arange(len(classes)), sizes) for sizes in (train, test)])
    splits = np.repeat([0, 2], [sum(train), sum(test)]).astype(np.int8)
    return {finding.code: finding for finding in class_findings(Samples(splits, labels, classes, str))}


def test_even_classes_are_no_finding():
    assert find([30, 31, 40], [10, 9, 8]) == {}


def test_a_class_without_training_samples_is_an_error():
    found = find([30, 0, 30], [10, 10, 10])
    assert found["class-not-in-training"].severity == "error"
    assert found["class-not-in-training"].examples[0].note == "b"


def test_a_class_without_test_samples_is_a_warning():
    assert find([30, 30, 30], [10, 0, 10])["class-not-held-out"].examples[0].note == "'b' is not in test"


def test_rare_classes_are_counted():
    assert find([30, 30, 4], [5, 5, 5])["rare-classes"].examples[0].note == "c: 4 samples"


def test_unevenness_is_told_as_an_effective_number():
    found = find([900, 50, 50], [9, 1, 1])["uneven-classes"]
    assert found.severity == "warning"
    assert "as uneven as 1.5 equal ones" in found.meaning  # exp(-.9 ln .9 - 2 * .05 ln .05)
    assert "'a' is right 90.0%" in found.meaning
    assert find([40, 10, 10], [4, 1, 1])["uneven-classes"].severity == "info"


def test_regression_has_no_classes():
    assert class_findings(Samples(np.zeros(3, np.int8), np.full(3, -1), (), str)) == []
