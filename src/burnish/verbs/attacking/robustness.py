"""What ``attack`` found, for Python, for the run's folder and for ``--json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from burnish.attacks.suites.curve import Curve
from burnish.attacks.suites.finding import Finding
from burnish.attacks.suites.suite_result import SuiteResult, Trial
from burnish.attacks.transfer import TransferMatrix
from burnish.common.intervals import Estimate, proportion


@dataclass(frozen=True, eq=False)
class Robustness:
    """How much accuracy is left of a model under attack.

    Args:
        subject: what was attacked.
        data: the name of the data.
        split: which of their splits.
        seed: of the samples and of everything random.
        result: of each sample and each attack.
        class_names: by label.
        findings: what speaks against the numbers.
        curve: accuracy over eps, and by which attacks.
        curve_attacks: the names of those.
        transfer: what fools one model, shown to others.
        black_box: how a substitute was learnt and what its attacks do over queries.
        examples: plain data of some fooled samples.
        seconds: wall time of everything.
        run: folder that keeps the result.
        file: the result in it.
    """

    subject: str
    data: str
    split: str
    seed: int
    result: SuiteResult
    class_names: tuple[str, ...]
    findings: tuple[Finding, ...]
    curve: Curve | None
    curve_attacks: tuple[str, ...]
    transfer: TransferMatrix | None
    black_box: dict[str, Any] | None
    examples: list[dict[str, Any]]
    seconds: float
    run: Path
    file: Path

    @property
    def clean_accuracy(self) -> Estimate:
        """Accuracy before any attack, with its interval."""
        return self.result.clean_accuracy

    @property
    def robust_accuracy(self) -> Estimate:
        """Accuracy when each sample is attacked by what fools it, with its interval."""
        return self.result.robust_accuracy

    @property
    def attacks(self) -> tuple[Trial, ...]:
        """One row an attack."""
        return self.result.trials

    @property
    def inputs(self) -> Tensor:
        """The samples ``(N, *)``; where one was fooled, what fooled it."""
        return self.result.inputs

    @property
    def classes(self) -> dict[str, Estimate]:
        """Robust accuracy of every class that occurs, by name."""
        return {self.class_names[label]: share for label, share in self.result.classes.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as they are kept."""
        rows = []
        for label, robust in self.result.classes.items():
            own = self.result.labels == label
            clean = proportion(int((self.result.right & own).sum()), int(own.sum()), self.result.confidence)
            rows.append({"name": self.class_names[label], "clean": vars(clean), "robust": vars(robust)})
        curve = None if self.curve is None else {**self.curve.to_dict(), "attacks": list(self.curve_attacks)}
        return {
            "subject": self.subject,
            "data": self.data,
            "split": self.split,
            "seed": self.seed,
            **self.result.to_dict(),
            "classes": rows,
            "findings": [finding.to_dict() for finding in self.findings],
            "curve": curve,
            "transfer": None if self.transfer is None else self.transfer.to_dict(),
            "black_box": self.black_box,
            "examples": self.examples,
            "seconds": round(self.seconds, 3),
        }
