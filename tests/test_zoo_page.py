"""docs/zoo.md is what the registry and the record of counts say."""

import doctest
import importlib.util
import json
from pathlib import Path

import pytest

from burnish.models import names
from burnish.verbs.describing.zoo import recorded, zoo_rows

ROOT = Path(__file__).parents[1]
AGAIN = "run: python benchmarks/page_zoo.py"


@pytest.fixture(scope="module")
def page():
    spec = importlib.util.spec_from_file_location("burnish_zoo_page", ROOT / "benchmarks" / "page_zoo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name="net", **changes):
    return {
        "name": name,
        "parameters": 1234,
        "macs": 5_000_000,
        "input": [3, 32, 32],
        "weights": ["torchvision:net", "timm:net.a1"],
        "summary": "a net",
        "paper": "Nobody 2020, arXiv:2001.00001, section 2",
        "family": "some_nets",
        "options": {"width": "4"},
        **changes,
    }


def test_the_page_is_up_to_date(page):
    assert sorted(recorded()) == names(), AGAIN
    committed = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
    assert committed == page.render(zoo_rows(names()), page.load_sweep()), AGAIN


def test_the_examples_of_the_page_maker_hold(page):
    found = doctest.testmod(page)
    assert found.attempted >= 3
    assert found.failed == 0


def test_a_paper_heads_its_models_and_is_linked(page):
    text = page.render([row(), row("other", options={})], {})
    assert "## some nets: Nobody 2020\n" in text
    assert "[arXiv:2001.00001](https://arxiv.org/abs/2001.00001), section 2" in text
    assert "| `net` | 1,234 | 5 M | 3x32x32 | `torchvision:net`<br>`timm:net.a1` | a net |" in text
    assert "Options of net: `width=4`." in text
    assert "accuracy" not in text


def test_what_the_sweep_found_stands_beside_the_models_that_were_in_it(page, tmp_path):
    file = tmp_path / "zoo_sweep.json"
    assert page.load_sweep(file) == {}
    rows = [{"model": "some_net", "test accuracy": 0.87654, "latency ms": 1.25}]
    file.write_text(json.dumps({"rows": rows}))
    text = page.render([row("some-net"), row("other")], page.load_sweep(file))
    assert "what it is | test accuracy | latency ms |" in text
    assert "| a net | 0.8765 | 1.25 |" in text
    assert "| a net |  |  |" in text
    assert "Accuracy and latency" in text
