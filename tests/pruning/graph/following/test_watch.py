"""Tests of burnish.pruning.graph.following.watch."""

import pytest
import torch

from burnish.pruning.graph.following.watch import executed

aten = torch.ops.aten


def test_normalisations_without_numbers_give_their_shapes_and_check_them():
    value, weight = torch.rand(2, 3, 4, device="meta"), torch.rand(3, device="meta")
    out = executed(aten.native_batch_norm.default, (value, weight, weight, weight, weight, True, 0.1, 1e-5), {})
    assert [tuple(tensor.shape) for tensor in out] == [(2, 3, 4), (3,), (3,)]
    wrong = torch.rand(2, device="meta")
    with pytest.raises(RuntimeError, match="3 channels meet a normalisation of 2"):
        executed(aten.native_batch_norm.default, (value, wrong, None, None, None, True, 0.1, 1e-5), {})
    out = executed(aten.native_layer_norm.default, (value, [4], None, None, 1e-5), {})
    assert [tuple(tensor.shape) for tensor in out] == [(2, 3, 4), (2, 3, 1), (2, 3, 1)]
    with pytest.raises(RuntimeError, match=r"over \[5\] meets an input of \[2, 3, 4\]"):
        executed(aten.native_layer_norm.default, (value, [5], None, None, 1e-5), {})
    with pytest.raises(RuntimeError, match=r"over \[4\] has weights of \[3\]"):
        executed(aten.native_layer_norm.default, (value, [4], weight, None, 1e-5), {})
