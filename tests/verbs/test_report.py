"""Tests of burnish.verbs.report."""

import pytest

import burnish
from burnish.common.errors import InputError
from burnish.verbs.report import Report, command


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [burnish.fit("iris", model, epochs=1, out=folder, quiet=True) for model in ("mlp", "logistic-regression")]


def test_one_run_makes_one_page_in_its_folder(runs):
    page = burnish.report(runs[0])
    assert page == runs[0].path / "report.html"
    assert "mlp" in page.read_text(encoding="utf-8")


def test_several_runs_make_a_comparison(runs, tmp_path):
    page = burnish.report(*runs, to=tmp_path / "both.html", title="Two <models>")
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "both.html"
    assert "logistic-regression" in text
    assert "mlp" in text
    assert "Two &lt;models&gt;" in text


def test_the_shell_s_answer_is_the_path(runs):
    outcome = command(Report(run=(runs[1].path,)))
    assert outcome.data["report"] == str(runs[1].path / "report.html")
    assert outcome.text == f"report: {runs[1].path / 'report.html'}"


def test_no_run_at_all_is_named():
    with pytest.raises(InputError, match="no run to report: give a folder such as runs/0001-fit"):
        burnish.report()
