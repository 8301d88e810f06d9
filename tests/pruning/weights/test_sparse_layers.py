import copy

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.sparse_layers import SparseConv2d, SparseLinear
from burnish.pruning.weights.sparsify import sparsify_


def pruned(layer, sparsity=0.8):
    layer.weight.data.masked_fill_(
        torch.rand(layer.weight.shape, generator=torch.Generator().manual_seed(0)) < sparsity, 0
    )
    return layer


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(12,), (1, 12), (5, 12), (2, 3, 12), (0, 12)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sparse_linear_layer_is_the_dense_one(bias, shape, dtype):
    torch.manual_seed(0)
    dense = pruned(nn.Linear(12, 7, bias=bias, dtype=dtype))
    inputs = torch.randn(shape, dtype=dtype)
    found = SparseLinear(dense)(inputs)
    torch.testing.assert_close(found, dense(inputs).detach(), atol=1e-6, rtol=1e-6)
    assert found.is_contiguous()


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 1},
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 1, "padding": 1},
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": (3, 2), "stride": (1, 2), "padding": (0, 1), "dilation": (2, 1), "bias": False},
    ],
)
@pytest.mark.parametrize("batch", [1, 3])
def test_a_sparse_convolution_is_the_dense_one(options, batch):
    torch.manual_seed(0)
    dense = pruned(nn.Conv2d(4, 6, **options))
    images = torch.randn(batch, 4, 9, 8)
    torch.testing.assert_close(SparseConv2d(dense)(images), dense(images).detach(), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("batch", [1, 3])
def test_gradients_reach_the_input(batch):
    torch.manual_seed(0)
    for dense, sparse, inputs in (
        (linear := pruned(nn.Linear(12, 7)), SparseLinear(linear), torch.randn(batch, 12)),
        (conv := pruned(nn.Conv2d(4, 6, 3)), SparseConv2d(conv), torch.randn(batch, 4, 5, 5)),
    ):
        one, other = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
        dense(one).square().sum().backward()
        sparse(other).square().sum().backward()
        torch.testing.assert_close(other.grad, one.grad, atol=1e-5, rtol=1e-5)


def test_only_what_remains_is_kept_and_nothing_learns():
    dense = pruned(nn.Linear(100, 100))
    sparse = SparseLinear(dense)
    assert sparse.weight.values.numel() == dense.weight.count_nonzero()
    assert not list(sparse.parameters())
    assert f"weights={sparse.weight.values.numel()}" in repr(sparse)
    dense.weight.data.zero_()
    assert sparse.weight.values.count_nonzero()


def test_a_row_without_weights_and_a_masked_layer_are_fine():
    dense = nn.Linear(4, 3)
    dense.weight.data[1] = 0
    sparsify_(dense, 0.5)
    inputs = torch.randn(2, 4)
    torch.testing.assert_close(SparseLinear(dense)(inputs), dense(inputs).detach())


def test_it_copies_saves_and_changes_type():
    dense = pruned(nn.Linear(12, 7))
    sparse = SparseLinear(dense)
    inputs = torch.randn(3, 12)
    other = SparseLinear(pruned(nn.Linear(12, 7)))
    other.load_state_dict(copy.deepcopy(sparse).state_dict())
    assert torch.equal(other(inputs), sparse(inputs))
    torch.testing.assert_close(sparse.double()(inputs.double()), dense.double()(inputs.double()).detach())


@pytest.mark.parametrize("options", [{"groups": 2}, {"padding": "same"}, {"padding_mode": "circular", "padding": 1}])
def test_convolutions_of_another_kind_are_refused(options):
    with pytest.raises(InputError, match="a sparse convolution has one group and is padded with zeros by numbers, got"):
        SparseConv2d(nn.Conv2d(4, 4, 3, **options))
