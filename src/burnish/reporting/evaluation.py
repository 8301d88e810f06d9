"""What ``burnish evaluate`` found on one split, ready to be laid out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from burnish.reporting.confusion import Confusion, confusion
from burnish.reporting.figures.canvas import Drawing
from burnish.reporting.figures.scatter import points, residuals
from burnish.reporting.formats import ABSENT, number, percent
from burnish.reporting.record import finite

_PICTURE = re.compile(r"data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+")
_MOST_CLASSES_IN_ORDER = 16
_MOST_MISTAKES = 48
_LONGEST_TEXT = 600


@dataclass(frozen=True)
class Mistake:
    """One sample that the model got wrong; ``picture`` is a data URI, ``row`` the columns of a table."""

    where: str
    truth: str
    prediction: str
    confidence: str
    loss: str
    picture: str | None
    text: str | None
    row: dict[str, str] | None

    @property
    def named(self) -> bool:
        """Whether truth and prediction are known; a passage of text has neither."""
        return (self.truth, self.prediction) != (ABSENT, ABSENT)


@dataclass(frozen=True)
class ClassRow:
    """The scores of one class."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: str


@dataclass(frozen=True)
class EvaluationView:
    """One split's findings; what was not measured is None or empty."""

    split: str
    count: str
    classes: list[ClassRow]
    classes_sorted: bool
    confusion: Confusion | None
    mistakes: list[Mistake]
    sure: bool
    columns: list[str]
    drawings: list[Drawing]
    sample: str | None
    pictures: list[str]

    @property
    def flawless(self) -> bool:
        """Whether classes were scored and none was ever confused."""
        return self.confusion is not None and not self.confusion.mixups


def evaluation_view(split: str, plain: dict[str, Any], anchor: str) -> EvaluationView:
    """Read an evaluation file; whatever is missing or of another shape is left out."""
    rows = [_class_row(told) for told in _tables(plain.get("classes"))]
    mistakes = [_mistake(told) for told in _tables(plain.get("mistakes"))[:_MOST_MISTAKES]]
    samples = plain.get("samples") if isinstance(plain.get("samples"), dict) else {}
    sort = len(rows) > _MOST_CLASSES_IN_ORDER
    return EvaluationView(
        split=split,
        count=number(plain.get("count")),
        classes=sorted(rows, key=lambda row: -1.0 if row.f1 is None else row.f1) if sort else rows,
        classes_sorted=sort,
        confusion=confusion(plain.get("confusion"), [row.name for row in rows]),
        mistakes=mistakes,
        sure=any(mistake.confidence for mistake in mistakes),
        columns=list(dict.fromkeys(column for mistake in mistakes for column in mistake.row or {})),
        drawings=_drawings(plain.get("residuals"), samples, anchor),
        sample=plain["sample"] if isinstance(plain.get("sample"), str) else None,
        pictures=[uri for told in _list(samples, "pictures") if (uri := picture_uri(told))],
    )


def _drawings(told: Any, samples: Any, anchor: str) -> list[Drawing]:
    drawn: list[Drawing | None] = []
    if isinstance(told, dict):
        drawn.append(residuals(_list(told, "target"), _list(told, "prediction"), f"{anchor}-residuals"))
    if _list(samples, "points"):
        drawn.append(points(_list(samples, "points"), _list(samples, "reference"), f"{anchor}-points"))
    return [drawing for drawing in drawn if drawing]


def _list(table: Any, key: str) -> list[Any]:
    found = table.get(key) if isinstance(table, dict) else None
    return found if isinstance(found, list) else []


def _tables(told: Any) -> list[dict[str, Any]]:
    return [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []


def picture_uri(told: Any) -> str | None:
    """The data URI of a picture; None for anything else, so that nothing is loaded from elsewhere.

    >>> picture_uri("https://example.org/cat.png") is None
    True
    """
    return told if isinstance(told, str) and _PICTURE.fullmatch(told) else None


def _said(told: Any) -> str:
    return number(told) if isinstance(told, float) else ABSENT if told is None else str(told)


def _class_row(told: dict[str, Any]) -> ClassRow:
    precision, recall, f1 = (finite(told.get(key)) for key in ("precision", "recall", "f1"))
    return ClassRow(_said(told.get("name")), precision, recall, f1, number(told.get("support")))


def _mistake(told: dict[str, Any]) -> Mistake:
    sure, row, text = told.get("confidence"), told.get("row"), told.get("text")
    where = told.get("where")
    return Mistake(
        where=str(where if where not in (None, "") else f"sample {told.get('index', '?')}"),
        truth=_said(told.get("truth")),
        prediction=_said(told.get("prediction")),
        confidence="" if finite(sure) is None else percent(sure),
        loss="" if finite(told.get("loss")) is None else number(told["loss"]),
        picture=picture_uri(told.get("picture")),
        text=text[:_LONGEST_TEXT] if isinstance(text, str) else None,
        row={str(key): _said(value) for key, value in row.items()} if isinstance(row, dict) else None,
    )
