"""What a check of data found: one kind of fault, how often, where, what it means and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first. An error makes scores wrong or training fail; a warning costs accuracy; info is good to know."""
EXAMPLES = 12
"""Examples that a finding keeps."""


@dataclass(frozen=True)
class Place:
    """One sample: its path or row, its split and class, and its number where it has a picture."""

    name: str
    split: str = ""
    label: str = ""
    number: int | None = None

    def __str__(self) -> str:
        told = ", ".join(part for part in (self.split, self.label) if part)
        return f"{self.name} ({told})" if told else self.name


@dataclass(frozen=True)
class Example:
    """Samples that belong together, copies of each other say; or a column or class, told in ``note`` alone."""

    places: tuple[Place, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (" = ".join(map(str, self.places)), self.note) if part)


@dataclass(frozen=True)
class Finding:
    """One kind of fault.

    Args:
        code: stable name, for programs.
        severity: ``error``, ``warning`` or ``info``.
        title: one line with the number in it.
        count: how many samples, columns or classes are concerned, as ``unit`` says.
        share: of all that were looked at, in [0, 1].
        meaning: what follows from it.
        advice: what to do.
        examples: at most ``EXAMPLES`` of them.
        unit: what ``count`` counts.
    """

    code: str
    severity: Severity
    title: str
    count: int
    share: float
    meaning: str
    advice: str
    examples: tuple[Example, ...] = ()
    unit: str = "samples"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file.

        >>> Finding("tiny-images", "warning", "1 tiny image", 1, 0.5, "It blurs.", "Look.").to_dict()["count"]
        1
        """
        examples = [
            {
                "samples": [
                    {key: value for key, value in (("name", p.name), ("split", p.split), ("class", p.label)) if value}
                    for p in example.places
                ],
                "note": example.note,
            }
            for example in self.examples
        ]
        return {
            "code": self.code,
            "severity": self.severity,
            "title": self.title,
            "count": self.count,
            "share": self.share,
            "unit": self.unit,
            "meaning": self.meaning,
            "advice": self.advice,
            "examples": examples,
        }


def spread(examples: Sequence[T]) -> tuple[T, ...]:
    """At most ``EXAMPLES`` of them, evenly taken, so that they are not all of the first class.

    >>> spread(range(36))[:4]
    (0, 3, 6, 9)
    """
    step = max(1.0, len(examples) / EXAMPLES)
    return tuple(examples[int(number * step)] for number in range(min(EXAMPLES, len(examples))))


def counted(count: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "image"), counted(1200, "class", "classes")
    ('1 image', '1,200 classes')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
