"""Tests of burnish.attacks.black_box.substitute_result."""

import json

import torch
from torch import nn

from burnish.attacks.black_box.substitute_result import Substitute, SubstituteRound
from burnish.common.intervals import proportion


def found():
    model = nn.Linear(2, 2)
    early = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    rounds = (
        SubstituteRound(10, 10, 0.7, None, early),
        SubstituteRound(20, 20, 0.5, proportion(9, 10), model.state_dict()),
    )
    return Substitute(model, rounds, torch.rand(20, 2), torch.zeros(20), "the budget is used up", judging=10)


def test_the_model_can_be_had_as_it_was_after_each_round():
    result = found()
    x = torch.rand(3, 2)
    assert (result.after(0)(x) == 0).all()
    assert torch.equal(result.after(1)(x), result.model(x))
    result.after(1).weight.data.zero_()
    assert not (result.model(x) == 0).any()


def test_the_last_round_speaks_for_the_whole():
    assert found().queries == 20
    assert found().agreement == proportion(9, 10)


def test_it_is_plain_data_for_a_report():
    told = json.loads(json.dumps(found().to_dict()))
    assert told["queries"] == 20
    assert told["judging"] == 10
    assert told["rounds"][0] == {"queries": 10, "samples": 10, "loss": 0.7}
    assert told["rounds"][1]["agreement"] == 0.9
