"""Tests of burnish.verbs.data_check."""

import json

import numpy as np
import pytest

import burnish
from burnish.cli import main
from burnish.common.errors import InputError
from burnish.verbs.data_check import DataCheck, command


@pytest.fixture
def leaky(tmp_path):
    """A table with a column that gives the target away."""
    rng = np.random.default_rng(0)
    lines = [f"{rng.normal():.5f},{kind * 2},{'yes' if kind else 'no'}" for kind in rng.integers(0, 2, 200)]
    path = tmp_path / "leaky.csv"
    path.write_text("x,refund,churned\n" + "\n".join(lines))
    return path


def test_findings_are_told_in_100_columns_with_what_to_do(leaky):
    text = command(DataCheck(data=str(leaky))).text
    assert max(map(len, text.splitlines())) <= 100
    assert "ERROR    1 column predicts the target almost alone" in text
    assert "To do: Ask when" in text
    assert "- refund: share of errors removed on held-out rows 1.000" in text
    assert text.endswith("1 error, 0 warnings, 0 for information")


def test_clean_data_says_so(capsys):
    assert main(["data", "check", "wine", "--strict"]) == 0
    assert capsys.readouterr().out.endswith("Nothing found.\n")


def test_findings_alone_are_no_failure(leaky, capsys):
    assert main(["data", "check", str(leaky)]) == 0
    assert capsys.readouterr().err == ""


def test_strict_ends_with_2_and_one_line_after_the_whole_answer(leaky, capsys):
    assert main(["data", "check", str(leaky), "--strict", "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["errors"] == 1
    assert told.err == "burnish data check: leaky has 1 finding of severity error: target-leakage\n"


def test_options_of_loading_are_passed_on(leaky):
    told = command(DataCheck(data=str(leaky), target="x", test=0.5)).data
    assert told["samples"]["test"] == 100
    with pytest.raises(InputError, match=r"sequence_length=7 means nothing for a .csv file"):
        command(DataCheck(data=str(leaky), sequence_length=7))


def test_the_page_is_written_where_it_was_asked_for(leaky, tmp_path):
    page = tmp_path / "out" / "page.html"
    outcome = command(DataCheck(data=str(leaky), to=page))
    assert "refund" in page.read_text()
    assert outcome.data["page"] == page
    assert str(page) in outcome.text
    with pytest.raises(InputError, match=r"--to names the file of a page, and .* is a folder"):
        command(DataCheck(data=str(leaky), to=tmp_path))


def test_from_python(leaky, tmp_path):
    report = burnish.check_data(leaky, to=tmp_path / "page.html")
    assert report.find("target-leakage").count == 1
    assert (tmp_path / "page.html").exists()
    with pytest.raises(InputError, match="data options has no option 'targte'"):
        burnish.check_data(leaky, targte="x")
