"""Tests of burnish.reporting.page."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from burnish.common.errors import InputError
from burnish.reporting.page import write_recipe_report, write_report

KINDS = ["images", "hundred", "table", "text", "gan"]
KEYS = ["fit", "model", "data", "metrics", "latency_ms", "notes", "confusion", "classes"]
KEYS += ["mistakes", "samples", "residuals", "step", "epoch", "parent"]
HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects what the tests ask about, and checks that tags are balanced and ids unique."""

    VOID = {"meta", "img", "br", "link", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.addresses, self.tags, self.words = [], [], [], [], []
        self.feed(text)
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[key] for key in ("src", "href", "xlink:href", "srcset", "action") if key in found]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def pages(one_of_each):
    return {kind: write_report(run).read_text() for kind, run in one_of_each.items()}


def page_of(run):
    return Page(write_report(run).read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_from_elsewhere(pages, kind):
    page = Page(pages[kind])
    assert all(address.startswith(("#", "data:image/")) for address in page.addresses)
    assert "script" not in page.tags
    assert not re.search(r"@import|url\((?!#)", pages[kind])


@pytest.mark.parametrize("kind", ["images", "table"])
def test_the_same_run_gives_the_same_bytes(pages, one_of_each, kind):
    assert write_report(one_of_each[kind]).read_text() == pages[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_and_table_has_a_name(pages, kind):
    text = pages[kind]
    assert text.count("<svg") == text.count('role="img"') == len(re.findall(r"<title id=", text))
    for table in re.findall(r"<table(?! class=\"pairs\").*?</table>", text, flags=re.DOTALL):
        assert "<caption>" in table


def test_a_class_called_script_comes_out_as_text(fake_run, evaluation_of, mistake_of):
    run = fake_run(model=HOSTILE, data=HOSTILE, notes=[f"`{HOSTILE}`"], parent=HOSTILE)
    wrong = mistake_of(0, where=HOSTILE, truth=HOSTILE, prediction=HOSTILE, text=HOSTILE)
    told = evaluation_of([HOSTILE, "b", "c"], mistakes=[wrong], sample=HOSTILE)
    (run / "evaluation-test.json").write_text(json.dumps(told))
    (run / "env.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    with open(run / "metrics.jsonl", "a") as file:
        file.write(json.dumps({"event": HOSTILE, "step": 1, HOSTILE: 1.0}) + "\n")
    page = page_of(run)
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) > 12


def test_the_page_holds_every_section(pages):
    text = Page(pages["images"]).text
    for heading in ("Learning curves", "Classes", "Confusion", "Most confident mistakes", "Lineage", "Configuration"):
        assert heading in text
    assert "resnet20 on digits" in text
    assert "2.13.0" in text


def test_what_went_wrong_is_called_by_what_is_known_of_it(pages, fake_run, evaluation_of, mistake_of):
    assert "Most confident mistakes" in Page(pages["images"]).text
    assert "Largest errors" in Page(pages["table"]).text
    run = fake_run()
    passage = mistake_of(0, truth=None, prediction=None, confidence=None, text="thou")
    (run / "evaluation-test.json").write_text(json.dumps(evaluation_of(["a", "b"], mistakes=[passage])))
    text = page_of(run).text
    assert "Hardest samples" in text
    assert "taken for" not in text.split("Hardest samples")[1]


def test_rows_and_texts_are_shown_for_mistakes_without_pictures(pages):
    assert "blood pressure" in Page(pages["table"]).text
    assert "yonder window" in Page(pages["text"]).text


@pytest.mark.parametrize("name", ["config.toml", "metrics.jsonl", "result.json", "env.json", "evaluation-test.json"])
def test_a_page_is_drawn_from_any_one_file(fake_run, name):
    run = fake_run()
    for file in run.iterdir():
        if file.name != name:
            file.unlink()
    assert "missing" in page_of(run).text


@pytest.mark.parametrize("name", ["config.toml", "metrics.jsonl", "result.json", "env.json", "evaluation-test.json"])
def test_files_of_another_shape_do_not_stop_the_page(fake_run, name):
    run = fake_run()
    odd = dict.fromkeys(KEYS, "odd")
    (run / name).write_text("\n".join(f"{key} = 'odd'" for key in KEYS) if name == "config.toml" else json.dumps(odd))
    page_of(run)


def test_what_attacks_left_has_its_section(fake_run, robustness_of):
    run = fake_run()
    (run / "robustness-quick-linf-8-255.json").write_text(json.dumps(robustness_of()))
    (run / "robustness-standard-linf-8-255.json").write_text(json.dumps(robustness_of(suite="standard", examples=[])))
    text = write_report(run).read_text()
    page = Page(text)
    assert "Under attack: quick" in page.text
    assert "Under attack: standard" in page.text
    for words in ("What speaks against these numbers", "A title. It means. Do it.", "Transfer", "What fooled it"):
        assert words in page.text.replace("A title.It", "A title. It")
    assert "3 taken for 8" in page.text
    assert all(address.startswith(("#", "data:image/")) for address in page.addresses)
    for table in re.findall(r"<table(?! class=\"pairs\").*?</table>", text, flags=re.DOTALL):
        assert "<caption>" in table


def test_names_in_the_results_of_attacks_come_out_as_text(fake_run, robustness_of):
    run = fake_run()
    told = json.loads(json.dumps(robustness_of()).replace("0001-fit", HOSTILE).replace("photos/cat", HOSTILE))
    told["classes"][0]["name"] = told["findings"][0]["title"] = HOSTILE
    (run / "robustness-quick-linf-8-255.json").write_text(json.dumps(told))
    assert "script" not in page_of(run).tags


@pytest.mark.parametrize("odd", [None, "odd", 3, ["odd"], {"odd": 1}, [{"odd": 1}]])
def test_results_of_attacks_of_another_shape_do_not_stop_the_page(fake_run, robustness_of, odd):
    run = fake_run()
    (run / "robustness-quick-linf-8-255.json").write_text(json.dumps(dict.fromkeys(robustness_of(), odd)))
    page_of(run)


def test_what_pruning_saved_and_cost_has_its_section(fake_run, pruning_of):
    text = write_report(fake_run(verb="prune", pruning=pruning_of())).read_text()
    page = Page(text)
    assert "Pruning: filters" in page.text
    assert "Measured 1.5 times as fast at batch 1." in page.text
    times = "\N{MULTIPLICATION SIGN}"
    for words in (
        f"67,906 0.25 {times}",
        f"2.00 ms [1.90, 2.10] 0.25 {times}",
        "Left whole",
        "net.py:12 reads its width",
    ):
        assert words in page.text
    for table in re.findall(r"<table(?! class=\"pairs\").*?</table>", text, flags=re.DOTALL):
        assert "<caption>" in table


def test_names_in_a_pruning_come_out_as_text(fake_run, pruning_of):
    told = pruning_of(criterion=HOSTILE, refusals=[HOSTILE])
    told["layers"][0]["name"] = HOSTILE
    page = page_of(fake_run(pruning=told))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 4


@pytest.mark.parametrize("odd", [None, "odd", 3, ["odd"], {"odd": 1}, [{"odd": 1}], {"1": {"median": 0}}])
def test_a_pruning_of_another_shape_does_not_stop_the_page(fake_run, pruning_of, odd):
    page_of(fake_run(pruning=odd))
    page_of(fake_run(pruning=dict.fromkeys(pruning_of(), odd)))
    told = pruning_of()
    told["cut"] = dict.fromkeys(told["before"], odd)
    page_of(fake_run(pruning=told))


def test_a_missing_parent_is_said(fake_run):
    text = page_of(fake_run(parent="../0000-fit")).text
    assert "0000-fit" in text
    assert "not on this disk" in text


def test_a_title_can_be_given(fake_run):
    assert "<title>Final &amp; best</title>" in write_report(fake_run(), title="Final & best").read_text()


def test_an_old_report_survives_a_failed_one(fake_run, monkeypatch):
    run = fake_run()
    write_report(run).write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match=r"cannot write '.*report\.html': No space left on device"):
        write_report(run)
    assert (run / "report.html").read_text() == "old"
    assert [file.name for file in run.glob(".*")] == []


def test_a_recipe_page_compares_its_runs_and_links_to_each(fake_run, tmp_path):
    runs = [fake_run("images", name="0001-fit"), fake_run("table", name="0002-fit")]
    page = Page(write_recipe_report(runs, tmp_path / "deep" / "recipe.html", "quickstart").read_text())
    anchors = [address for address in page.addresses if address.startswith("#run") and "-" not in address]
    assert anchors == ["#run1", "#run2"]
    assert {"run1", "run2"} <= set(page.ids)
    assert page.text.count("41.2 [36.0, 46.4]") == 2  # the comparison and the run's own metrics


def test_a_recipe_page_draws_the_results_that_can_be_compared(fake_run, tmp_path):
    runs = [fake_run(name="a"), fake_run(name="b")]
    assert "Test accuracy" in Page(write_recipe_report(runs, tmp_path / "x.html", "x").read_text()).text


def test_a_recipe_page_goes_into_a_folder_as_report(fake_run, tmp_path):
    assert write_recipe_report([fake_run()], tmp_path, "x") == tmp_path / "report.html"


def test_a_recipe_without_runs_is_refused(tmp_path):
    with pytest.raises(InputError, match="a report needs at least one run, got none"):
        write_recipe_report([], tmp_path, "x")


def test_reporting_never_imports_torch(fake_run):
    code = (
        "import sys; from pathlib import Path; from burnish.reporting import summary_rows, summary_table, write_report;"
        "run = Path(sys.argv[1]); write_report(run); summary_table(summary_rows([run]));"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(fake_run())], check=False).returncode == 0
