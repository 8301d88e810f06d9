"""Tests of burnish.common.visible_attention."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from burnish.common.visible_attention import visible_attention


class Operators(TorchDispatchMode):
    """Names of the operators that run."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def operators(layer):
    with torch.no_grad(), Operators() as seen:
        layer(torch.rand(1, 3, 8))
    return seen.names


def test_a_transformer_layer_is_one_operator_outside_and_many_inside():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    assert "_transformer_encoder_layer_fwd" in operators(layer)
    with visible_attention():
        assert {"addmm", "native_layer_norm"} <= operators(layer)
        assert "_transformer_encoder_layer_fwd" not in operators(layer)


@pytest.mark.parametrize("before", [True, False])
def test_the_setting_comes_back_after_an_error(before):
    torch.backends.mha.set_fastpath_enabled(before)
    try:
        with pytest.raises(ZeroDivisionError), visible_attention():
            1 / 0  # noqa: B018
        assert torch.backends.mha.get_fastpath_enabled() is before
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
