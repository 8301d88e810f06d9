"""``burnish models``: the models that have a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from burnish.common.errors import InputError, did_you_mean
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome
from burnish.verbs.interface.table import table

_HEADER = ("model", "parameters", "MACs", "input", "weights")
_FEW = 3


@dataclass(frozen=True, kw_only=True)
class Models(VerbOptions):
    """List the models that have a name: size, cost on their usual input, and where published weights come from."""

    pattern: str = field(default="*", metadata={"positional": True})
    """Shell pattern of names, such as 'res*'. Few models are listed with their options and all their weights."""


def command(options: Models) -> Outcome:
    """One row a model, under its paper.

    Raises:
        InputError: no name matches the pattern.
    """
    from burnish.models import names
    from burnish.verbs.describing.zoo import zoo_rows

    found = names(options.pattern)
    if not found:
        every = names()
        hint = did_you_mean(options.pattern, every)
        raise InputError(f"no model matches '{options.pattern}'{hint}: expected a pattern for {', '.join(every)}")
    rows = zoo_rows(found)
    text = _table(rows)
    if len(rows) <= _FEW:
        text += "".join(f"\n\n{_details(row)}" for row in rows)
    return Outcome(text, {"verb": "models", "models": rows})


def _table(rows: list[dict[str, Any]]) -> str:
    header, rule, *lines = table(_HEADER, [_cells(row) for row in rows], right=_HEADER[1:3]).splitlines()
    parts = [header, rule]
    left = iter(lines)
    for paper, group in groupby(rows, key=lambda row: str(row["paper"])):
        parts += ["", paper, *(next(left) for _ in group)]
    return "\n".join(parts)


def _cells(row: dict[str, Any]) -> list[str]:
    weights = row["weights"]
    more = f" +{len(weights) - 1}" if len(weights) > 1 else ""
    first = weights[0] if weights else ""
    return [row["name"], f"{row['parameters']:,}", _scaled(row["macs"]), "x".join(map(str, row["input"])), first + more]


def _details(row: dict[str, Any]) -> str:
    options = ", ".join(f"{name}={default}" for name, default in row["options"].items())
    lines = [
        f"{row['name']}: {row['summary']}",
        f"  data     {', '.join(row['kinds'])}",
        f"  counted  for {row['num_classes']} {'symbols' if row['kind'] == 'text' else 'classes'}",
    ]
    if options:
        lines.append(f"  options  {options}")
    lines += [f"  {'weights' if number == 0 else '       '}  {source}" for number, source in enumerate(row["weights"])]
    return "\n".join(lines)


def _scaled(macs: int) -> str:
    """Multiply-adds in four digits.

    >>> _scaled(4_089_184_256), _scaled(40_551_040), _scaled(650)
    ('4.089 G', '40.55 M', '650')
    """
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if macs >= size:
            return f"{macs / size:.4g} {unit}"
    return str(macs)
