"""Tests of burnish.pruning.graph.rules.call."""

import torch
from tests.pruning.graph.ruled import Ruled

aten = torch.ops.aten


def test_arguments_have_the_names_of_the_schema_with_defaults_filled_in():
    call = Ruled(aten.slice.Tensor, torch.rand(4), 0, 1).call
    assert (call["dim"], call["start"], call["end"], call["step"]) == (0, 1, None, 1)
    assert call.tensor("input", "self") is call["self"]


def test_a_refusal_fixes_and_names_the_weights_and_the_first_reason_stays():
    done = Ruled(aten.relu.default, torch.rand(4))
    done.call.refuse("first", done.inputs[0][0])
    done.call.refuse("second", done.inputs[0][0])
    assert not done.free(done.inputs[0][0])
    assert (done.call.problem, done.call.refused) == ("first", {("0", 0)})


def test_nothing_is_refused_where_nothing_was_free():
    done = Ruled(aten.relu.default, torch.rand(4))
    done.call.fix(done.inputs[0])
    done.call.refuse("first", done.inputs[0][0], None)
    assert done.call.problem == ""
