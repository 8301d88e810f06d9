"""Everything that a check of data found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from burnish.diagnosis.data.finding import SEVERITIES, Finding, Severity
from burnish.diagnosis.data.samples import Samples


@dataclass(frozen=True)
class DataReport:
    """Findings about a data set, the worst first.

    Args:
        name: of the data.
        kind: image, table, text or points.
        samples: what was looked at.
        findings: what was found.
        notes: how the data were read.
        seconds: how long the check took.
    """

    name: str
    kind: str
    samples: Samples
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def find(self, code: str) -> Finding | None:
        """The finding of a code, or None where there is none."""
        return next((finding for finding in self.findings if finding.code == code), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {
            "data": self.name,
            "kind": self.kind,
            "samples": self.samples.counts(),
            "classes": list(self.samples.classes),
            "errors": len(self.of("error")),
            "warnings": len(self.of("warning")),
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """The worst first; the order of the checks within a severity."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
