"""Tests of burnish.pruning.layers.block."""

from burnish.pruning.layers.block import Refusal


def test_a_refusal_reads_as_a_sentence():
    assert str(Refusal("layer2.0", "BasicBlock", "returns a tuple")) == "layer2.0 (BasicBlock) returns a tuple"
