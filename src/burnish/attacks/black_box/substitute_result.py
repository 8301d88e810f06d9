"""What came of training a substitute."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from burnish.common.intervals import Estimate


@dataclass(frozen=True)
class SubstituteRound:
    """What the substitute was after a round.

    Attributes:
        queries: samples that the target had been asked about.
        samples: those that the substitute was trained on.
        loss: mean cross-entropy on them, in the last epoch.
        agreement: share of the held-out inputs to which it gives the target's class; None without any.
        weights: its state dict.
    """

    queries: int
    samples: int
    loss: float
    agreement: Estimate | None
    weights: dict[str, Tensor]

    def row(self) -> dict[str, float]:
        """Its numbers, plain."""
        row: dict[str, float] = {"queries": self.queries, "samples": self.samples, "loss": self.loss}
        if self.agreement is not None:
            found = self.agreement
            row |= {"agreement": found.value, "agreement_low": found.low, "agreement_high": found.high}
        return row


@dataclass(frozen=True)
class Substitute:
    """A trained substitute and how it came about.

    Attributes:
        model: the substitute after the last round, in evaluation mode.
        rounds: one a round of questions, the first with the inputs alone.
        inputs: every sample that the target answered ``(queries, *)``.
        labels: its answers.
        stopped: why there were no more rounds, in words.
        judging: queries beside the budget, for the answers to the held-out inputs.
    """

    model: nn.Module
    rounds: tuple[SubstituteRound, ...]
    inputs: Tensor
    labels: Tensor
    stopped: str
    judging: int

    @property
    def queries(self) -> int:
        """Samples that the target was asked about."""
        return self.rounds[-1].queries

    @property
    def agreement(self) -> Estimate | None:
        """Share of the held-out inputs to which the substitute gives the target's class."""
        return self.rounds[-1].agreement

    def after(self, number: int) -> nn.Module:
        """A copy of the substitute as it was after round ``number``, from 0."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.rounds[number].weights)
        return model

    def to_dict(self) -> dict[str, Any]:
        """Everything but the tensors, as plain data for a JSON file."""
        return {
            "queries": self.queries,
            "judging": self.judging,
            "stopped": self.stopped,
            "rounds": [one.row() for one in self.rounds],
        }
