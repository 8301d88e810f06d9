"""Tests of burnish.diagnosis.data.report."""

import json

import numpy as np

from burnish.diagnosis.data.finding import Finding
from burnish.diagnosis.data.report import DataReport, ranked
from burnish.diagnosis.data.samples import Samples


def finding(code, severity):
    return Finding(code, severity, "t", 1, 0.5, "m", "a")


def test_the_worst_comes_first_and_equals_keep_their_order():
    given = [finding("a", "info"), finding("b", "error"), finding("c", "info"), finding("d", "warning")]
    assert [found.code for found in ranked(given)] == ["b", "d", "a", "c"]


def test_a_report_is_plain_data():
    samples = Samples(np.array([0, 0, 2], np.int8), np.array([0, 1, 1]), ("x", "y"), str)
    report = DataReport("d", "image", samples, (finding("a", "error"), finding("b", "warning")), ("note",), 1.5)
    told = report.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["errors"], told["warnings"], told["samples"]) == (1, 1, {"train": 2, "test": 1})
    assert report.find("b").severity == "warning"
    assert report.find("c") is None
