import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.semi_structured import has_two_of_four, semi_structured
from burnish.pruning.weights.sparsify import sparsify_


def test_the_pattern_is_recognised():
    layer = nn.Linear(16, 8)
    assert not has_two_of_four(layer.weight)
    sparsify_(layer, pattern="2:4")
    assert has_two_of_four(layer.weight)
    assert has_two_of_four(torch.zeros(2, 8))
    assert not has_two_of_four(torch.zeros(2, 6))
    assert not has_two_of_four(torch.zeros(2, 8, 1))


def test_a_cpu_has_no_such_product_and_the_line_says_what_to_do():
    with pytest.raises(InputError, match="exist on CUDA devices alone, and this layer is on cpu: move the model there"):
        semi_structured(nn.Linear(64, 64))


@pytest.mark.gpu
def test_on_a_gpu_the_product_is_the_dense_one():
    torch.manual_seed(0)
    layer = nn.Linear(256, 128).cuda().half()
    with pytest.raises(InputError, match="more than two of four numbers"):
        semi_structured(layer)
    sparsify_(layer, pattern="2:4")
    bake_(layer)
    inputs = torch.randn(64, 256, device="cuda").half()
    with torch.no_grad():
        torch.testing.assert_close(semi_structured(layer)(inputs), layer(inputs), atol=1e-2, rtol=1e-2)
    with pytest.raises(InputError, match=r"take fp16 or bf16, got torch.float32"):
        semi_structured(layer.float())
