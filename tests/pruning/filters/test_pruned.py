"""Tests of burnish.pruning.filters.pruned."""

import json

from torch import nn

from burnish.pruning.filters.pruned import Layer, Pruned
from burnish.pruning.graph import Refusal


def test_a_report_is_plain_and_says_what_stands_in_the_way():
    refusal = Refusal(("conv9",), "net", "nets.py:7", "a constant")
    pruned = Pruned(nn.Identity(), [], {"conv1": [0]}, 0.123456, (Layer("conv1", 8, 7),), (refusal,))
    told = json.loads(json.dumps(pruned.report()))
    assert told["ratio"] == 0.1235
    assert told["layers"] == [{"name": "conv1", "before": 8, "after": 7}]
    assert told["refusals"] == ["conv9 cannot be narrowed: a constant (in 'net', nets.py:7)"]
    assert "reached" not in told


def test_what_a_target_came_to_is_reported():
    pruned = Pruned(nn.Identity(), [], {}, 0.5, (), (), ("latency", 0.49876))
    assert pruned.report()["reached"] == {"latency": 0.4988}
