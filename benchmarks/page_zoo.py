"""Count every named model again and rewrite docs/zoo.md: ``python benchmarks/page_zoo.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from burnish.models import entry, names
from burnish.verbs.describing.zoo import RECORD, counted, recorded, zoo_rows

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "zoo.md"
SWEEP = ROOT / "benchmarks" / "results" / "zoo_sweep.json"

Rows = Sequence[Mapping[str, Any]]

HEAD = """# The zoo

Every model that has a name, by the year of its paper. `burnish models` lists them; `burnish describe NAME` shows one
layer by layer. This page is made by `benchmarks/page_zoo.py`; nothing on it is typed by hand.

Parameters (all of them, auxiliary classifiers included) and MACs (multiplications with their addition, in evaluation,
for one input) hold for the input shown: with 1000 classes for networks made for images of 128 pixels and more, with 10
otherwise. Every image model also takes other sizes, 32x32 among them. Weights are what `--weights` takes; options are
what `--model-option` takes, with their defaults.
"""

SWEPT = """
Accuracy and latency come from [one recipe for all](benchmarks.md), on 10,000 images of fashion-mnist, for the smallest
model of each family, made smaller still where that table says so.

![Accuracy against latency of the smallest model of every family](images/zoo_sweep.svg)
"""


def load_sweep(path: Path = SWEEP) -> dict[str, Mapping[str, Any]]:
    """Rows of the sweep by model; none where it has not been run."""
    if not path.is_file():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return {str(row["model"]).replace("_", "-"): row for row in rows}


def render(rows: Rows, sweep: Mapping[str, Mapping[str, Any]]) -> str:
    """The page."""
    swept = [row["name"] for row in rows if row["name"] in sweep]
    parts = [HEAD, SWEPT if swept else ""]
    for paper, group in groupby(rows, key=lambda row: row["paper"]):
        members = list(group)
        parts.append(f"\n## {members[0]['family'].replace('_', ' ')}: {plain(paper)}\n\n")
        parts.append(f"{linked(paper)}\n\n" if linked(paper) != paper else "")
        parts.append(table(members, sweep))
        parts.append(options(members))
    return "".join(parts)


def table(rows: Rows, sweep: Mapping[str, Mapping[str, Any]]) -> str:
    """One paper's models as a Markdown table."""
    header = ["model", "parameters", "MACs", "input", "weights", "what it is"]
    swept = any(row["name"] in sweep for row in rows)
    if swept:
        header += ["test accuracy", "latency ms"]
    lines = ["| " + " | ".join(header) + " |", "|---|--:|--:|---|---|---|" + ("--:|--:|" if swept else "")]
    for row in rows:
        cells = [
            f"`{row['name']}`",
            f"{row['parameters']:,}",
            scaled(row["macs"]),
            "x".join(map(str, row["input"])),
            "<br>".join(f"`{source}`" for source in row["weights"]),
            row["summary"],
        ]
        if swept:
            found = sweep.get(row["name"], {})
            cells += [number(found.get("test accuracy")), number(found.get("latency ms"))]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def options(rows: Rows) -> str:
    """The options that the models of a paper share, and where they differ."""
    told = []
    for spelt, group in groupby(sorted(rows, key=spelt_options), key=spelt_options):
        members = list(group)
        if spelt:
            whose = "" if len(members) == len(rows) else f" of {', '.join(row['name'] for row in members)}"
            told.append(f"\nOptions{whose}: {spelt}.\n")
    return "".join(told)


def spelt_options(row: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}={default}`" for name, default in row["options"].items())


def scaled(macs: int) -> str:
    """MACs as papers print them.

    >>> scaled(4_089_184_256), scaled(40_551_040)
    ('4.0892 G', '40.55 M')
    """
    if macs >= 1e9:
        return f"{macs / 1e9:.4f} G"
    return f"{macs / 1e6:.4g} M" if macs >= 1e6 else f"{macs / 1e3:.4g} k"


def number(value: Any) -> str:
    return "" if value is None else f"{value:.4g}"


def linked(paper: str) -> str:
    """The paper, with its arXiv number as a link.

    >>> linked("He et al. 2015, arXiv:1512.03385")
    'He et al. 2015, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)'
    """
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", paper)


def plain(paper: str) -> str:
    """Who and when.

    >>> plain("He et al. 2015, arXiv:1512.03385, section 4.2")
    'He et al. 2015'
    """
    found = re.match(r".*?\b(19|20)\d\d\b", paper)
    return found[0] if found else paper


def write() -> None:
    """Count everything, record it, and write the page."""
    found = {name: counted(entry(name)) for name in names()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in found.items())
    RECORD.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    recorded.cache_clear()
    PAGE.write_text(render(zoo_rows(names()), load_sweep()), encoding="utf-8")


if __name__ == "__main__":
    write()
    print(PAGE)
