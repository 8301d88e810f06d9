"""Tests of burnish.pruning.graph.following.record."""

import torch

from burnish.pruning.graph.following.record import Record, Run

aten = torch.ops.aten


def run(*operations):
    records = [Record(operation, (), str(place), (), (), (), (), ()) for place, operation in enumerate(operations)]
    return Run(None, False, records, set(), [], [], {}, [], [])


def test_operators_whose_running_depends_on_strides_are_not_firm():
    found = run(aten.view.default, aten.addmm.default, aten.clone.default, aten.relu.default)
    assert [record.operation for record in found.firm] == [aten.addmm.default, aten.relu.default]


def test_around_a_fault_are_the_operators_since_the_last_firm_one():
    found = run(aten.mm.default, aten.view.default, aten.clone.default, aten.add.Tensor, aten.detach.default)
    assert [record.line for record in found.around(0)] == ["0"]
    assert [record.line for record in found.around(1)] == ["1", "2", "3"]
    assert [record.line for record in found.around(2)] == ["4"]


def test_at_the_end_the_last_operator_is_at_fault():
    assert [record.line for record in run(aten.mm.default).around(1)] == ["0"]
