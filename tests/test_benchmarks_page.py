"""docs/benchmarks.md is what the committed results say."""

import copy
import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def page():
    spec = importlib.util.spec_from_file_location("burnish_benchmarks_page", ROOT / "benchmarks" / "page.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while they are made.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, spec.name, module)
        patch.syspath_prepend(ROOT / "benchmarks")
        spec.loader.exec_module(module)
        yield module


def test_the_page_is_made_from_the_committed_results(page):
    committed = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert committed == page.render(page.load_results()), "run: python benchmarks/page.py"


def test_the_examples_of_the_page_maker_hold(page):
    found = doctest.testmod(page)
    assert found.attempted >= 2
    assert found.failed == 0


def test_every_claim_has_its_script_and_every_result_says_where_it_comes_from(page):
    for claim in page.CLAIMS:
        assert (ROOT / "benchmarks" / f"{claim.result}.py").is_file()
    for name, result in page.load_results().items():
        assert {"name", "date", "hardware", "versions", "notes", "rows"} <= set(result), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
        assert set(result["hardware"]) <= {"cpu", "cores", "threads", "gpu"}, f"{name}: no names of machines"


def test_a_missed_bar_is_said(page):
    results = copy.deepcopy(page.load_results())
    assert "**Missed**" not in page.render({"loader": results["loader"]})
    ours = next(row for row in results["loader"]["rows"] if row["bar_us"] is not None)
    ours["over_us"] = 12.34
    missed = page.render({"loader": results["loader"]})
    assert "**Missed**: 12.3 us." in missed
    assert "| <= 10 us a batch | 12.3 us | **no** |" in missed


def test_an_import_of_torch_misses_the_bar_however_fast(page):
    results = copy.deepcopy(page.load_results())
    for row in results["startup"]["rows"]:
        row["imports_torch"] = True
    assert page.render(results).count("torch imported.") == 2


def test_what_was_not_measured_is_said(page):
    assert page.render({}).count("not measured yet") == sum(len(claim.bars) for claim in page.CLAIMS)


def test_a_result_without_a_claim_is_refused(page):
    with pytest.raises(ValueError, match="results without a claim: stray; add them to CLAIMS"):
        page.render({"stray": {}})
