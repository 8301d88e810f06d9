"""Tests of burnish.verbs.exporting.comparing."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.verbs.exporting.comparing import compare


def off_by(amount):
    return lambda inputs: [inputs * 2 + amount]


class Double(nn.Module):
    def forward(self, x):
        return {"twice": x * 2}


INPUTS = torch.linspace(-1, 1, 10).view(5, 2)


@pytest.mark.parametrize(("amount", "alike"), [(0.0, True), (1e-5, True), (1e-2, False)])
def test_the_largest_difference_is_held_against_the_largest_answer(amount, alike):
    found = compare(Double(), off_by(amount), INPUTS, "dynamic")
    assert found.difference == pytest.approx(amount, rel=0.02, abs=1e-9)
    assert found.largest == 2
    assert found.alike is alike


def test_answers_that_are_no_numbers_are_alike_where_both_are():
    class Hole(nn.Module):
        def forward(self, x):
            return x / 0.0

    infinite = compare(Hole(), lambda x: [x / 0.0], torch.tensor([[1.0], [-1.0], [0.0]]), "dynamic")
    assert infinite.difference == 0
    broken = compare(Double(), lambda x: [x * math.nan], INPUTS, "dynamic")
    assert broken.difference == math.inf
    assert not broken.alike


@pytest.mark.parametrize(("batch", "sizes"), [("dynamic", [1, 4]), (2, [2, 2, 2]), (5, [5]), (12, [12])])
def test_samples_go_in_as_the_file_takes_them(batch, sizes):
    seen = []

    def answer(inputs):
        seen.append(len(inputs))
        return [inputs * 2]

    assert compare(Double(), answer, INPUTS, batch).difference == 0
    assert seen == sizes


def test_a_file_that_fails_or_gives_other_shapes_is_refused():
    def fails(inputs):
        raise RuntimeError("no such\noperator")

    with pytest.raises(InputError, match="the exported model fails on 1 samples: no such operator"):
        compare(Double(), fails, INPUTS, "dynamic")
    with pytest.raises(InputError, match=r"gives shapes \[\(1, 1\)\], the run's gives \[\(1, 2\)\]"):
        compare(Double(), lambda x: [x[:, :1]], INPUTS, "dynamic")
    with pytest.raises(InputError, match="gives shapes"):
        compare(Double(), lambda x: [x * 2, x], INPUTS, "dynamic")


def test_the_module_is_evaluated_and_left_in_its_mode():
    module = nn.Sequential(nn.Dropout(0.9), Double()).train()
    module[1].eval()
    assert compare(module, off_by(0.0), INPUTS, "dynamic").difference == 0
    assert module.training
    assert not module[1].training
