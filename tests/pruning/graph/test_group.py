"""Tests of burnish.pruning.graph.group."""

import torch

from burnish.pruning.graph.group import Group, Refusal, Slice


def part(tensor, dim, role):
    return Slice(tensor, dim, torch.arange(4)[:, None], role)


def test_a_group_names_who_makes_and_who_reads_its_channels_once_each():
    slices = (
        part("a.weight", 0, "produces"),
        part("a.bias", 0, "carries"),
        part("b.weight", 1, "consumes"),
        part("b.other", 1, "consumes"),
        part("weight", 0, "produces"),
    )
    group = Group("a", 4, 1, slices, (), torch.arange(4))
    assert group.producers == ("a", "")
    assert group.consumers == ("b",)


def test_a_refusal_reads_as_one_line():
    refusal = Refusal(("a", "b", "c", "d", "e"), "blocks.0", "model.py:7", "a size is fixed")
    assert str(refusal) == ("a, b, c, d and 1 more cannot be narrowed: a size is fixed (in 'blocks.0', model.py:7)")
    assert "in 'the model'" in str(Refusal(("a",), "", "model.py:7", "it is"))
