"""What ``burnish attack`` found, ready to be laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from burnish.common.intervals import Estimate
from burnish.reporting.evaluation import picture_uri
from burnish.reporting.figures.canvas import Drawing
from burnish.reporting.figures.shares import ShareLine, shares
from burnish.reporting.formats import ABSENT, duration, estimate_text, number, read_estimate, words
from burnish.reporting.record import finite
from burnish.reporting.robustness_matrix import HeatMap, heat_map

_MOST_CLASSES_IN_ORDER = 16
_MOST_EXAMPLES = 12
_RANK = ("standard", "quick")
"""Suites by what their numbers are worth; others come after."""


@dataclass(frozen=True)
class AttackRow:
    """One attack of a suite."""

    name: str
    options: str
    tried: str
    fooled: str
    left: str
    share: float | None
    answers: str
    gradients: str
    time: str


@dataclass(frozen=True)
class ClassRow:
    """Accuracy of one class before and after."""

    name: str
    clean: float | None
    robust: float | None
    count: str


@dataclass(frozen=True)
class Example:
    """One sample that was fooled; pictures are data URIs, ``changes`` stands for a table's row."""

    where: str
    truth: str
    answer: str
    attack: str
    distance: str
    clean: str | None
    change: str | None
    attacked: str | None
    changes: list[str]


@dataclass(frozen=True)
class FindingView:
    """What speaks against the numbers."""

    severity: str
    title: str
    meaning: str
    advice: str


@dataclass(frozen=True)
class RobustnessView:
    """One result of ``burnish attack``; what was not measured is None or empty."""

    suite: str
    size: str
    split: str
    count: str
    data: str
    clean: str
    robust: str
    findings: list[FindingView]
    attacks: list[AttackRow]
    drawings: list[Drawing]
    classes: list[ClassRow]
    classes_sorted: bool
    transfer: HeatMap | None
    examples: list[Example]
    black_box: str


def eps_text(eps: float) -> str:
    """The size of a perturbation as people write it: a short decimal, or so many 255ths.

    >>> eps_text(8 / 255), eps_text(0.3), eps_text(0), eps_text(0.5), eps_text(0.123456)
    ('8/255', '0.3', '0', '0.5', '0.1235')
    """
    short = f"{eps:.3g}"
    if float(short) == eps:
        return short
    levels = eps * 255
    return f"{round(levels)}/255" if abs(levels - round(levels)) < 1e-9 and 0 < eps < 1 else f"{eps:.4g}"


def size_text(plain: dict[str, Any]) -> str:
    """Norm and radius in words.

    >>> size_text({"norm": "linf", "eps": 8 / 255}), size_text({})
    ('linf 8/255', '—')
    """
    eps = finite(plain.get("eps"))
    told = [str(plain["norm"])] if plain.get("norm") else []
    return " ".join([*told, *([] if eps is None else [eps_text(eps)])]) or ABSENT


def best_known(results: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The result that a run is known by: of the strongest suite there is, in linf before other norms."""
    measured = [plain for plain in results if isinstance(plain.get("robust_accuracy"), dict)]
    measured = [plain for plain in measured if read_estimate(plain["robust_accuracy"]) is not None]

    def order(plain: dict[str, Any]) -> tuple[int, bool]:
        suite = plain.get("suite")
        return (_RANK.index(suite) if suite in _RANK else len(_RANK), plain.get("norm") != "linf")

    return min(measured, key=order, default=None)


def robustness_view(plain: dict[str, Any], anchor: str) -> RobustnessView:
    """Read a robustness file; whatever is missing or of another shape is left out."""
    classes = [_class_row(told) for told in _tables(plain.get("classes"))]
    sort = len(classes) > _MOST_CLASSES_IN_ORDER
    return RobustnessView(
        suite=str(plain.get("suite", "attack")),
        size=size_text(plain),
        split=str(plain.get("split", "")),
        count=number(plain.get("count")),
        data=str(plain.get("data", "")),
        clean=_share(plain.get("clean_accuracy")),
        robust=_share(plain.get("robust_accuracy")),
        findings=[_finding(told) for told in _tables(plain.get("findings"))],
        attacks=[_attack(told) for told in _tables(plain.get("attacks"))],
        drawings=[drawing for drawing in (_curve(plain, anchor), _queries(plain, anchor)) if drawing],
        classes=sorted(classes, key=lambda row: -1.0 if row.robust is None else row.robust) if sort else classes,
        classes_sorted=sort,
        transfer=heat_map(plain.get("transfer")),
        examples=[_example(told) for told in _tables(plain.get("examples"))[:_MOST_EXAMPLES]],
        black_box=_black_box(plain.get("black_box")),
    )


def _tables(told: Any) -> list[dict[str, Any]]:
    return [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []


def _share(told: Any) -> str:
    estimate = read_estimate(told)
    return ABSENT if estimate is None else estimate_text("accuracy", estimate)


def _value(told: Any) -> float | None:
    estimate = read_estimate(told)
    return None if estimate is None else finite(estimate.value)


def _attack(told: dict[str, Any]) -> AttackRow:
    options = told.get("options")
    shown = options if isinstance(options, dict) else {}
    return AttackRow(
        name=str(told.get("attack", ABSENT)),
        options=", ".join(_option(name, value) for name, value in shown.items() if value not in (None, False)),
        tried=number(told.get("tried")),
        fooled=number(told.get("fooled")),
        left=_share(told.get("so_far")),
        share=_value(told.get("so_far")),
        answers=number(told.get("queries")),
        gradients=number(told.get("gradients")),
        time=duration(told.get("seconds")),
    )


def _option(name: str, value: object) -> str:
    if value is True:
        return words(name)
    return f"{words(name)} {number(value) if isinstance(value, int | float) else value}"


def _class_row(told: dict[str, Any]) -> ClassRow:
    robust = read_estimate(told.get("robust"))
    return ClassRow(
        name=str(told.get("name", ABSENT)),
        clean=_value(told.get("clean")),
        robust=_value(told.get("robust")),
        count=number(robust.count) if robust else ABSENT,
    )


def _finding(told: dict[str, Any]) -> FindingView:
    severity = told.get("severity")
    title, meaning, advice = (str(told.get(key, "")) for key in ("title", "meaning", "advice"))
    return FindingView(
        severity if severity in ("error", "warning", "info") else "warning",
        f"{title[:1].upper()}{title[1:]}.",
        meaning,
        f"{advice[:1].upper()}{advice[1:]}.",
    )


def _example(told: dict[str, Any]) -> Example:
    changes = told.get("changes")
    return Example(
        where=str(told.get("where", "")),
        truth=str(told.get("truth", ABSENT)),
        answer=str(told.get("answer", ABSENT)),
        attack=str(told.get("attack", "")),
        distance=number(finite(told.get("distance"))),
        clean=picture_uri(told.get("clean")),
        change=picture_uri(told.get("change")),
        attacked=picture_uri(told.get("attacked")),
        changes=[str(change) for change in changes] if isinstance(changes, list) else [],
    )


def _line(label: str, x: Any, y: Any) -> ShareLine:
    """The points of which both numbers are known."""
    pairs: list[tuple[float, Estimate]] = []
    for place, told in zip(x, y, strict=False) if isinstance(x, list) and isinstance(y, list) else ():
        known, estimate = finite(place), read_estimate(told)
        if known is not None and estimate is not None and finite(estimate.low) is not None:
            pairs.append((known, estimate))
    return ShareLine(label, [place for place, _ in pairs], [estimate for _, estimate in pairs])


def _curve(plain: dict[str, Any], anchor: str) -> Drawing | None:
    told = plain.get("curve")
    if not isinstance(told, dict):
        return None
    attacks = told.get("attacks")
    names = ", ".join(map(str, attacks)) if isinstance(attacks, list) else "attack"
    whole = _line(f"worst case of {plain.get('suite')}", [plain.get("eps")], [plain.get("robust_accuracy")])
    lines = [_line(names, told.get("eps"), told.get("accuracy")), whole]
    x_name = f"size of the change ({plain.get('norm')})"
    return shares(lines, f"{anchor}-curve", title="Accuracy under attack", x_name=x_name, write=eps_text)


def _queries(plain: dict[str, Any], anchor: str) -> Drawing | None:
    account: Any = plain.get("black_box")
    rounds = _tables(account.get("rounds")) if isinstance(account, dict) else []
    if not rounds:
        return None
    places = [one.get("queries") for one in rounds]
    lines = [
        _line("attack on the substitute", places, [one.get("success") for one in rounds]),
        _line("noise of equal size", places, [account["noise"]] * len(rounds) if account.get("noise") else []),
    ]
    title = "Samples fooled through a substitute"
    return shares(lines, f"{anchor}-queries", title=title, x_name="answers to learn from", write=number)


def _black_box(account: Any) -> str:
    if not isinstance(account, dict):
        return ""
    told = f"Nothing but answers was used: {number(account.get('queries'))} of them"
    if account.get("judging") is not None:
        told += f" to learn a substitute, {number(account['judging'])} more to judge what it led to"
    return f"{told}."


def robust_text(best: dict[str, Any] | None) -> str:
    """The robust accuracy of a table's row, with the suite and the size of the change.

    >>> robust_text({"suite": "quick", "norm": "linf", "eps": 0.1, "value": 0.5, "low": 0.4, "high": 0.6, "count": 96})
    '50.0 % [40.0, 60.0] quick linf 0.1'
    >>> robust_text(None)
    '—'
    """
    if best is None:
        return ABSENT
    return f"{_share(best)} {best.get('suite')} {size_text(best)}"
