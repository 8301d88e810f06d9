"""Tests of burnish.reporting.data_page."""

import re

import numpy as np
import pytest

from burnish.common.errors import InputError
from burnish.diagnosis.data.finding import Example, Finding
from burnish.diagnosis.data.report import DataReport
from burnish.diagnosis.data.samples import Samples
from burnish.reporting.data_page import write_data_page


def report(*findings, picture=None):
    samples = Samples(np.array([0, 2], np.int8), np.array([0, 1]), ("cat", "<dog>"), "{}.png".format, picture, "image")
    return DataReport("photos & more", "image", samples, findings, ("a note",), 1.0)


def finding(*examples):
    return Finding("leak", "error", "2 images leak", 2, 0.125, "Scores are too good.", "Remove them.", examples)


def pixels(number):
    if number:
        raise InputError("gone")
    return np.zeros((4, 4, 3), np.uint8)


def test_the_page_tells_everything_and_loads_nothing(tmp_path):
    told = report(finding(Example(note="column <x>")))
    page = write_data_page(told, tmp_path / "page.html").read_text()
    for words in ("2 images leak", "12.50 %", "Scores are too good.", "Remove them.", "column &lt;x&gt;", "a note"):
        assert words in page
    assert "photos &amp; more" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)


def test_pictures_are_inside_and_one_that_is_gone_leaves_its_name(tmp_path):
    made = report(picture=pixels)
    made = report(finding(made.samples.example(0, 1)), picture=pixels)
    page = write_data_page(made, tmp_path / "page.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == 1
    assert "1.png" in page
    assert "test, &lt;dog&gt;" in page


def test_nothing_found_is_said(tmp_path):
    assert "Nothing found." in write_data_page(report(), tmp_path / "page.html").read_text()


def test_a_page_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_data_page(report(), tmp_path / "file" / "page.html")
