import copy

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.latency import Latency
from burnish.pruning.weights import inference as module
from burnish.pruning.weights.inference import sparse_inference
from burnish.pruning.weights.sparse_layers import SparseConv2d, SparseLinear
from burnish.pruning.weights.sparsify import sparsify_


def network(sparsity=0.9):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 36, 64),
        nn.ReLU(),
        nn.Linear(64, 3),
    )
    if sparsity:
        sparsify_(model, sparsity, scope="layer")
    return model


IMAGES = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(1))


def clock(monkeypatch, milliseconds):
    """Decide what is measured: ``milliseconds(model)`` for a layer or a whole model."""

    def measured(model, example, *, repeats, threads):
        time = milliseconds(model)
        return Latency(time, time, time, repeats, threads, "cpu")

    def compared(first, second, example, **options):
        one, two = (measured(model, example, **options) for model in (first, second))
        return two.median / one.median, one, two

    monkeypatch.setattr(module, "measure_latency", measured)
    monkeypatch.setattr(module, "compare_latency", compared)


def share_of_sparse(model):
    return 2.0 - any(isinstance(part, SparseLinear | SparseConv2d) for part in model.modules())


def test_layers_that_are_faster_are_replaced_and_the_answer_stays(monkeypatch):
    clock(monkeypatch, share_of_sparse)
    model = network()
    found = sparse_inference(model, IMAGES)
    assert found.replaced == ("0", "4", "6")
    assert isinstance(found.model[0], SparseConv2d)
    assert isinstance(found.model[4], SparseLinear)
    model.eval()
    found.model.eval()
    assert (found.model(IMAGES) - model(IMAGES)).abs().max() <= 1e-5
    assert found.difference <= 1e-5
    assert (found.dense.median, found.sparse.median) == (2.0, 1.0)
    assert str(found).splitlines()[0] == "0  90.3% zeros  CSR  2 -> 1 ms"
    assert "3 of 3 layers sparse" in str(found)


def test_layers_that_are_not_faster_stay_dense(monkeypatch):
    clock(monkeypatch, lambda model: 3.0 if isinstance(model, SparseConv2d) else share_of_sparse(model))
    found = sparse_inference(network(), IMAGES)
    assert found.replaced == ("4", "6")
    assert type(found.model[0]) is nn.Conv2d
    assert found.layers[0].why == "sparse is not faster"
    assert (found.layers[0].dense_ms, found.layers[0].sparse_ms) == (2.0, 3.0)


def test_a_narrow_win_is_none(monkeypatch):
    clock(monkeypatch, lambda model: 1.0 - 0.04 * isinstance(model, SparseLinear))
    assert sparse_inference(network(), IMAGES).replaced == ()


def test_a_model_that_is_not_faster_as_a_whole_stays_dense(monkeypatch):
    clock(monkeypatch, lambda model: 5.0 if isinstance(model, nn.Sequential) else share_of_sparse(model))
    found = sparse_inference(network(), IMAGES)
    assert found.replaced == ()
    assert not any(isinstance(part, SparseLinear | SparseConv2d) for part in found.model.modules())
    assert found.layers[1].why == "the whole model is not faster"
    assert "stays dense" in str(found)
    assert found.dense == found.sparse


def test_a_wrong_product_is_not_taken(monkeypatch):
    clock(monkeypatch, share_of_sparse)
    right = SparseLinear.forward
    monkeypatch.setattr(SparseLinear, "forward", lambda layer, inputs: right(layer, inputs) + 1e-3)
    found = sparse_inference(network(), IMAGES)
    assert found.replaced == ("0",)
    assert found.layers[1].why == "the sparse product differs too much"


def test_on_this_machine_a_large_and_very_sparse_layer_is_sparse():
    model = nn.Sequential(nn.Linear(800, 800))
    sparsify_(model, 0.98)
    found = sparse_inference(model, torch.randn(16, 800), threads=1)
    assert found.replaced == ("0",)
    assert found.sparse.median < found.dense.median


def test_the_model_stays_as_it_was():
    model = network().train()
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    modes = [part.training for part in model.modules()]
    state = torch.get_rng_state()
    found = sparse_inference(model, IMAGES, repeats=2)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [part.training for part in model.modules()] == modes
    assert found.model.training
    assert not found.model[1].training
    assert torch.equal(torch.get_rng_state(), state)
    assert not model[0]._forward_pre_hooks


def test_layers_that_cannot_be_sparse_say_why(monkeypatch):
    clock(monkeypatch, share_of_sparse)
    model = network(sparsity=None)
    model[0] = nn.Conv2d(2, 8, 3, groups=2)
    sparsify_(model, 0.8, scope="layer", ignore=["6"])
    found = sparse_inference(model, IMAGES)
    assert found.replaced == ("4",)
    assert "groups=2" in found.layers[0].why
    assert found.layers[2].why == "fewer than half of the weights are zero"
    half = network().bfloat16()
    assert sparse_inference(half, IMAGES.bfloat16()).layers[1].why.startswith("CSR products take float32 or float64")


def test_a_layer_alone_and_one_that_is_never_called(monkeypatch):
    clock(monkeypatch, share_of_sparse)
    layer = nn.Linear(20, 10)
    sparsify_(layer, 0.9)
    assert isinstance(sparse_inference(layer, torch.randn(2, 20)).model, SparseLinear)
    attention = nn.MultiheadAttention(8, 2)
    attention.extra = nn.Linear(8, 8)
    sparsify_(attention, 0.8)
    found = sparse_inference(attention, (torch.randn(3, 1, 8),) * 3)
    assert [(row.name, row.why) for row in found.layers] == [("extra", "it was not called")]


@pytest.mark.parametrize("sparsity", [None, 0.3])
def test_a_model_without_enough_zeros_is_refused(sparsity):
    with pytest.raises(InputError, match=r"no layer of Sequential has half of its weights zero \(the most is"):
        sparse_inference(network(sparsity), IMAGES)
    with pytest.raises(InputError, match="it has no linear layer and no convolution"):
        sparse_inference(nn.ReLU(), IMAGES)
