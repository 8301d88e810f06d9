"""Tests of burnish.pruning.graph.settling.trial."""

import pytest
import torch
from torch import nn

from burnish.pruning.graph import trace, tracing
from burnish.pruning.graph.graph import groups_of
from burnish.pruning.graph.settling.trial import Trial

ROWS = torch.rand(3, 4)


class Net(nn.Module):
    """A forward of which one thing can be spoilt after it was recorded."""

    def __init__(self, spoilt=""):
        super().__init__()
        self.first, self.head, self.spoilt = nn.Linear(4, 8), nn.Linear(8, 2), spoilt

    def forward(self, x):
        x = self.first(x)
        width = x.shape[1]
        is_cut = width != 8
        if self.spoilt == "fraction":
            x = x * (1 / width)
        if self.spoilt == "slice":
            x = torch.cat([x[:, 2:5], x[:, :2], x[:, 5:]], dim=1)
        if is_cut and self.spoilt == "operator":
            x = x.relu()
        if self.spoilt == "fewer" and not is_cut:
            x = x + 1
        if is_cut and self.spoilt == "error":
            raise ValueError("it is cut")
        return self.head(x)


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ("fraction", "a number depends on the size"),
        ("slice", "is fixed"),
        ("operator", "ran instead of"),
        ("fewer", "ran instead of"),
        ("error", "it is cut"),
    ],
)
def test_what_goes_otherwise_than_foretold_is_found_and_named_with_its_line(spoilt, reason):
    graph = trace(Net(spoilt), ROWS)
    assert not graph.groups()
    (refusal,) = graph.refusals
    assert refusal.layers == ("first",)
    assert reason in refusal.reason
    assert "test_trial.py:" in refusal.line


def test_a_model_that_does_as_foretold_has_no_fault(monkeypatch):
    kept = {}
    monkeypatch.setattr(tracing, "settle", lambda *args: kept.update(args=args) or [])
    graph = trace(Net(), ROWS)
    trial = Trial(*kept["args"])
    assert trial.fault(groups_of(graph)) is None
    assert trial.fault([]) is None
