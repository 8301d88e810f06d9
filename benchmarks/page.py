"""Rewrite docs/benchmarks.md from the committed results: ``python benchmarks/page.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from page_claims import CLAIMS, Claim, Rows

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Every claim about speed, size or accuracy has a script in `benchmarks/`, and what it last found is committed in
`benchmarks/results/` with date, hardware and versions. This page is made from those files by `benchmarks/page.py`;
nothing on it is typed by hand.

| what | bar | measured | reached |
|---|---|---|---|
"""

AGAIN = """
## Measure again

`make bench` installs the peers, runs every script and rewrites this page. One claim alone, and then the page:

```
.venv/bin/python benchmarks/engine.py
.venv/bin/python benchmarks/page.py
```

Times are CPU seconds of the process unless a column says otherwise: the machine has other users. A peer that is not
installed is left out, and its result says so.
"""


def load_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Every committed result by its name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def render(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page.

    Raises:
        ValueError: a result that no claim speaks of.
    """
    strays = set(results) - {claim.result for claim in CLAIMS}
    if strays:
        raise ValueError(
            f"results without a claim: {', '.join(sorted(strays))}; add them to CLAIMS in benchmarks/page_claims.py"
        )
    summary, sections = [], []
    for claim in CLAIMS:
        result = results.get(claim.result)
        for bar in claim.bars:
            found, reached = bar.measured(result["rows"]) if result else ("not measured yet", None)
            verdict = {True: "yes", False: "**no**", None: ""}[reached]
            summary.append(f"| [{bar.what}](#{anchor(claim.title)}) | {bar.bar} | {found} | {verdict} |")
        if result:
            sections.append(section(claim, result))
    return HEAD + "\n".join(summary) + "\n" + "".join(sections) + AGAIN


def section(claim: Claim, result: Mapping[str, Any]) -> str:
    """One claim: its table, whether the bar was reached, and what the numbers depend on."""
    sentences = []
    for bar in claim.bars:
        found, reached = bar.measured(result["rows"])
        sentences.append(f"Bar: {bar.bar}. " + (f"Reached: {found}." if reached else f"**Missed**: {found}."))
    hardware, versions = result["hardware"], result["versions"]
    threads = "1 thread" if hardware["threads"] == 1 else f"{hardware['threads']} threads"
    place = f"{hardware.get('gpu', hardware['cpu'])}, {hardware['cores']} cores, {threads}"
    software = ", ".join(f"{name} {version}" for name, version in versions.items())
    notes = "".join(f"- {note}\n" for note in [*sentences, *result["notes"]])
    return (
        f"\n## {claim.title}\n\n{claim.text} Script: `benchmarks/{claim.result}.py`.\n\n"
        f"{table(result['rows'])}\n\n{notes}"
        f"- {result['date']}; {place}; {software}.\n"
    )


def table(rows: Rows) -> str:
    """Rows as a Markdown table.

    >>> print(table([{"what": "ours", "bar_us": None, "over_us": 3.14159}]))
    | what | bar us | over us |
    |---|--:|--:|
    | ours |  | 3.142 |
    """
    names = list(rows[0])
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |"]
    lines.append("|" + "|".join("--:" if number else "---" for number in numeric) + "|")
    lines += ["| " + " | ".join(cell(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """A value as a reader wants it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def anchor(title: str) -> str:
    """The address that a heading gets.

    >>> anchor("fashion-mnist with ResNet-20")
    'fashion-mnist-with-resnet-20'
    """
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")


if __name__ == "__main__":
    PAGE.write_text(render(load_results()), encoding="utf-8")
    print(PAGE)
