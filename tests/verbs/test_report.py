"""Tests of burnish.verbs.report."""

import json
from pathlib import Path

import pytest

import burnish
from burnish import cli
from burnish.common.errors import InputError


def test_a_run_is_drawn_into_its_own_folder(digits_run):
    burnish.evaluate(digits_run)
    page = burnish.report(digits_run)
    assert page == digits_run.path / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "mlp on digits" in text
    assert "data:image/png;base64," in text


def test_a_page_goes_where_it_is_asked_for_under_its_heading(digits_run, tmp_path):
    page = burnish.report(digits_run, to=tmp_path / "deep" / "page.html", title="My <run>")
    assert "<h1>My &lt;run&gt;</h1>" in page.read_text(encoding="utf-8")
    one = burnish.report(digits_run.path, to=str(tmp_path / "one.html"))
    assert "side by side" not in one.read_text(encoding="utf-8")
    assert "mlp on digits" in one.read_text(encoding="utf-8")


def test_several_runs_share_a_page(digits_run, text_run, tmp_path):
    page = burnish.report(digits_run, text_run, to=tmp_path)
    assert page == tmp_path / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "2 runs side by side" in text
    assert "char-lstm" in text


def test_the_shell_names_the_page(digits_run, capsys):
    assert cli.main(["report", str(digits_run.path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert Path(answer["report"]).is_file()
    assert cli.main(["report", str(digits_run.path)]) == 0
    assert capsys.readouterr().out == f"report: {answer['report']}\n"


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(InputError, match="no run to report: give a folder such as runs/0001-fit"):
        burnish.report()
    with pytest.raises(InputError, match=r"is not a run: it has no config.toml"):
        burnish.report(tmp_path)


def test_a_place_that_cannot_be_written_is_told(digits_run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write '.*page.html'"):
        burnish.report(digits_run, to=tmp_path / "file" / "page.html")
