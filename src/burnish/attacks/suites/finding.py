"""What speaks against a measured robustness."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True)
class Finding:
    """One reason to trust a robust accuracy less.

    Args:
        code: stable name, for programs.
        severity: ``error`` where the number is not what it seems, ``warning`` where it may not be, ``info`` where
            something was done that changes how to read it.
        title: one line with the number in it.
        meaning: what follows from it.
        advice: what to do.
    """

    code: str
    severity: Severity
    title: str
    meaning: str
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file.

        >>> Finding("a-code", "info", "A title", "A meaning", "An advice").to_dict()["code"]
        'a-code'
        """
        return asdict(self)
