"""The result of an attack as text for a terminal."""

from __future__ import annotations

import textwrap

from burnish.attacks.suites.finding import Finding
from burnish.attacks.transfer import TransferMatrix
from burnish.common.intervals import Estimate
from burnish.reporting.formats import ABSENT, duration, estimate_text, number, percent, read_estimate
from burnish.reporting.robustness import eps_text
from burnish.verbs.attacking.robustness import Robustness
from burnish.verbs.interface.table import table

_WIDTH = 100
_WORST = 3


def told(found: Robustness) -> str:
    """Accuracy before and after, a table of the attacks, the curve, the worst classes, what speaks against it."""
    result = found.result
    size = f"{result.norm} eps {eps_text(result.eps)}" if isinstance(result.eps, float | int) else result.norm
    split = "" if found.split == "all" else f"{found.split} "
    head = (
        f"{found.subject} on {len(result):,} {split}samples of {found.data}, {size} ({result.confidence:.0%} intervals)"
    )
    blocks = [
        "\n".join(
            [
                head,
                f"  clean accuracy   {_share(found.clean_accuracy)}",
                f"  robust accuracy  {_share(found.robust_accuracy)}  worst case of {_names(found)}",
            ]
        ),
        _attacks(found),
        *_black_box(found),
        *_curve(found),
        *_classes(found),
        *_transfer(found.transfer),
        *(_finding(finding) for finding in found.findings),
        f"result: {found.file}\n'burnish report {found.run}' draws it",
    ]
    return "\n\n".join(blocks)


def _share(estimate: Estimate) -> str:
    return estimate_text("accuracy", estimate)


def _names(found: Robustness) -> str:
    return ", ".join(dict.fromkeys(trial.attack for trial in found.attacks))


def _attacks(found: Robustness) -> str:
    header = ["attack", "tried", "fooled", "accuracy left", "answers", "gradients", "time"]
    rows = [
        [
            trial.attack,
            number(trial.tried),
            number(trial.fooled),
            _share(trial.so_far),
            number(trial.queries),
            number(trial.gradients),
            duration(trial.seconds),
        ]
        for trial in found.attacks
    ]
    return table(header, rows, right=["tried", "fooled", "accuracy left", "answers", "gradients", "time"])


def _black_box(found: Robustness) -> list[str]:
    account = found.black_box
    if account is None or "rounds" not in account:
        return []
    rows = [[number(one["queries"]), number(one["samples"]), _estimate(one["success"])] for one in account["rounds"]]
    told = table(["answers", "learnt from", "fooled of the right ones"], rows, right=["answers", "learnt from"])
    noise = _estimate(account["noise"])
    return [f"{told}\nnoise of equal size fools {noise}; {account['judging']:,} more answers went into judging"]


def _estimate(plain: dict[str, float]) -> str:
    estimate = read_estimate(plain)
    return ABSENT if estimate is None else _share(estimate)


def _curve(found: Robustness) -> list[str]:
    if found.curve is None:
        return []
    rows = [[eps_text(eps), _share(share)] for eps, share in zip(found.curve.eps, found.curve.accuracy, strict=True)]
    return [table(["eps", f"accuracy under {', '.join(found.curve_attacks)}"], rows)]


def _classes(found: Robustness) -> list[str]:
    worst = sorted(found.classes.items(), key=lambda item: item[1].value)[:_WORST]
    if len(found.classes) < 2:
        return []
    return ["least robust classes: " + ", ".join(f"{name} {percent(share.value)}" for name, share in worst)]


def _transfer(matrix: TransferMatrix | None) -> list[str]:
    if matrix is None:
        return []
    rows = [
        [name, *(percent(share.value) for share in row)] for name, row in zip(matrix.names, matrix.robust, strict=True)
    ]
    clean = ["no attack", *(percent(share.value) for share in matrix.clean)]
    told = table(["made on", *matrix.names], [clean, *rows], right=list(matrix.names))
    return [f"accuracy of each model under {matrix.attack}, by the model that the attack was made on\n{told}"]


def _finding(finding: Finding) -> str:
    label = f"{finding.severity.upper():<9}"
    indent = " " * len(label)

    def wrapped(text: str, first: str) -> str:
        return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)

    return "\n".join(
        [
            wrapped(f"{finding.title} [{finding.code}]", label),
            wrapped(finding.meaning, indent),
            wrapped(f"To do: {finding.advice}", indent),
        ]
    )
