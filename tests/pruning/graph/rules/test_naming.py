"""Tests of burnish.pruning.graph.rules.naming."""

import torch

from burnish.pruning.graph.rules.naming import by_operator


def first(call):
    return []


def second(call):
    return []


def test_every_name_leads_to_its_rule_and_unknown_ones_are_left_out():
    found = by_operator({first: "relu sigmoid", second: "mm not_of_this_torch"})
    assert found == {torch.ops.aten.relu: first, torch.ops.aten.sigmoid: first, torch.ops.aten.mm: second}
