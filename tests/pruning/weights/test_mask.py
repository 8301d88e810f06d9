import copy

import pytest
import torch
from tests.pruning.weights.networks import EXAMPLES, Tied, mlp, same, train, zeros
from torch import nn
from torch.nn.utils import parametrizations

from burnish.common.errors import InputError
from burnish.layers import fold_batchnorm_
from burnish.pruning.weights.mask import Mask, bake_, mask_of, put_mask_, stored
from burnish.pruning.weights.sparsify import sparsify_
from burnish.training.average import WeightAverage
from burnish.training.optimizers import build_optimizer

KINDS = sorted(EXAMPLES)
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


def masked(kind, sparsity=0.6):
    make, inputs = EXAMPLES[kind]
    model = make()
    sparsify_(model, sparsity, least_per_output=1)
    return model, inputs


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_stays_zero_while_the_rest_learns(kind):
    model, inputs = masked(kind)
    before, first = zeros(model), model(inputs).detach()
    train(model, inputs, torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1))
    assert same(zeros(model), before)
    assert (model(inputs) - first).abs().max() > 0.05
    assert any(bool(zero.any()) for zero in before.values())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_brings_a_weight_back_not_even_one_with_a_memory_of_it(name):
    model, inputs = EXAMPLES["mlp"][0](), EXAMPLES["mlp"][1]
    decay = 0.05
    optimizer = build_optimizer(name, model.parameters(), learning_rate=0.01, weight_decay=decay, module=model)
    train(model, inputs, optimizer, steps=5)
    sparsify_(model, 0.7)
    before = zeros(model)
    learnt = stored(model[0], "weight").detach().clone()
    train(model, inputs, optimizer)
    assert same(zeros(model), before)
    assert sum(int(zero.sum()) for zero in before.values()) == round(0.7 * (6 * 16 + 16 * 3))
    assert not torch.equal(stored(model[0], "weight"), learnt)  # the optimizer goes on with the parameter it had


@pytest.mark.parametrize("name", ["lbfgs", "newton-cg"])
def test_rules_with_a_line_search_keep_zeros_too(name):
    model, inputs = masked("mlp")
    model.eval()
    before = zeros(model)
    optimizer = build_optimizer(name, model.parameters(), module=model)
    truth = torch.ones(len(inputs), dtype=torch.long)

    def closure():
        loss = nn.functional.cross_entropy(model(inputs), truth)
        if name == "lbfgs":
            optimizer.zero_grad()
            loss.backward()
        return loss

    first = closure().item()
    optimizer.step(closure)
    assert closure().item() < first
    assert same(zeros(model), before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_has_its_own_masks_and_its_own_life(kind):
    model, inputs = masked(kind)
    twin = copy.deepcopy(model)
    before, answer = zeros(model), model(inputs).detach()
    train(twin, inputs, torch.optim.SGD(twin.parameters(), lr=0.5))
    assert same(zeros(twin), before)
    sparsify_(twin, 0.75, least_per_output=1)
    assert same(zeros(model), before)
    bake_(model)
    model.eval(), twin.eval()
    assert not torch.equal(model(inputs), twin(inputs))
    assert twin(inputs).isfinite().all()  # baking one takes nothing from the other
    assert answer.shape == model(inputs).shape
    train(twin, inputs, torch.optim.SGD(twin.parameters(), lr=0.5))
    bake_(twin)


def test_one_more_mask_on_a_copy_leaves_the_first_alone():
    rnn = nn.LSTM(3, 4)
    put_mask_(((rnn, "weight_ih_l0"),), torch.rand(16, 3) > 0.5)
    twin = copy.deepcopy(rnn)
    put_mask_(((twin, "weight_hh_l0"),), torch.rand(16, 4) > 0.5)
    assert "weight_hh_l0" in dict(rnn.named_parameters())
    assert rnn(torch.ones(2, 3))[0].shape == (2, 4)
    assert rnn.weight_hh_l0.count_nonzero() == 64
    assert twin.weight_hh_l0.count_nonzero() < 64


@pytest.mark.parametrize("kind", KINDS)
def test_baking_changes_no_answer_and_gives_the_plain_layout_back(kind):
    model, inputs = masked(kind)
    plain = EXAMPLES[kind][0]()
    model.eval()
    plain.eval()
    before, answer, parameters = zeros(model), model(inputs).detach(), {id(p) for p in model.parameters()}
    names = bake_(model)
    assert names
    assert torch.equal(model(inputs), answer)
    assert same(zeros(model), before)
    assert list(model.state_dict()) == list(plain.state_dict())
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in plain.named_parameters()]
    assert {id(p) for p in model.parameters()} == parameters
    assert [type(module) for module in model.modules()] == [type(module) for module in plain.modules()]
    plain.load_state_dict(model.state_dict())
    assert torch.equal(plain(inputs), answer)


@pytest.mark.parametrize("kind", KINDS)
def test_masks_go_with_the_state_dict_and_to_other_types(kind):
    model, inputs = masked(kind)
    model.eval()
    other = EXAMPLES[kind][0]().eval()
    sparsify_(other, 0.3, criterion="random")
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(inputs), model(inputs))
    assert same(zeros(other), zeros(model))
    model.double()
    wide = inputs.double() if inputs.is_floating_point() else inputs
    assert model(wide).dtype == torch.float64
    assert same(zeros(other), zeros(model))
    model.to(torch.bfloat16)
    assert all(mask.mask.dtype == torch.bfloat16 for mask in model.modules() if isinstance(mask, Mask))


def test_an_average_of_the_weights_has_the_zeros():
    model, inputs = EXAMPLES["mlp"][0](), EXAMPLES["mlp"][1]
    average = WeightAverage(model, decay=0.9)  # made while the weights were all there
    sparsify_(model, 0.6)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    before = zeros(model)
    for _ in range(5):
        train(model, inputs, optimizer, steps=1)
        average.update(model)
        with average.swapped(model):
            assert same(zeros(model), before)
    average.copy_to(model)
    bake_(model)
    assert same(zeros(model), before)


def test_gradients_of_removed_weights_are_zero_and_of_the_others_those_of_the_zeroed_model():
    model, inputs = masked("cnn")
    plain = copy.deepcopy(model)
    bake_(plain)
    for net in (model, plain):
        net(inputs).square().sum().backward()
    for at, name in ((0, "weight"), (3, "weight"), (6, "weight")):
        kept = mask_of(model[at], name).mask
        assert torch.equal(stored(model[at], name).grad, stored(plain[at], name).grad * kept)
    assert torch.equal(model[0].bias.grad, plain[0].bias.grad)


def test_shared_weights_get_one_mask_under_both_names():
    model = Tied()
    sparsify_(model, 0.5, least_per_output=1)
    assert mask_of(model.embedding, "weight") is mask_of(model.decoder, "weight")
    assert stored(model.embedding, "weight") is stored(model.decoder, "weight")
    twin = copy.deepcopy(model)
    assert stored(twin.embedding, "weight") is stored(twin.decoder, "weight")
    bake_(model)
    assert model.embedding.weight is model.decoder.weight


def test_a_baked_model_can_be_folded_and_a_masked_one_is_left_alone():
    model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16)).eval()
    sparsify_(model, 0.5)
    bake_(model)
    inputs = torch.randn(4, 6)
    answer = model(inputs)
    fold_batchnorm_(model)
    torch.testing.assert_close(model(inputs), answer)


def test_an_assigned_weight_is_masked():
    layer = nn.Linear(2, 2)
    put_mask_(((layer, "weight"),), torch.eye(2) > 0)
    layer.weight = torch.full((2, 2), 3.0)
    assert layer.weight.tolist() == [[3, 0], [0, 3]]


def test_baking_removes_what_an_optimizer_left_behind_the_mask():
    layer = nn.Linear(2, 2, bias=False)
    put_mask_(((layer, "weight"),), torch.eye(2) > 0)
    stored(layer, "weight").data.fill_(-3.0)
    bake_(layer)
    assert layer.weight.tolist() == [[-3, 0], [0, -3]]
    assert not layer.weight.signbit()[0, 1]  # minus zero would cost a place in a sparse file


def test_a_model_without_masks_is_not_baked_in_silence():
    with pytest.raises(InputError, match="Sequential has no masks to bake"):
        bake_(mlp())


def test_a_weight_that_something_else_makes_is_refused():
    layer = parametrizations.weight_norm(nn.Linear(3, 3))
    with pytest.raises(InputError, match=r"'weight' of a Linear is parametrised by WeightNorm.*or ignore it"):
        sparsify_(nn.Sequential(layer), 0.5)
    later = nn.Linear(3, 3)
    sparsify_(later, 0.5)
    parametrizations.spectral_norm(later)
    with pytest.raises(InputError, match="parametrised by Mask, SpectralNorm"):
        bake_(later)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 4])
def test_the_layer_sees_the_strides_of_its_parameter(layout, channels):
    layer = nn.Conv2d(channels, 8, 3).to(memory_format=layout)
    sparsify_(layer, 0.5)
    assert layer.weight.stride() == stored(layer, "weight").stride()
    layer.weight.sum().backward()
    assert torch.equal(stored(layer, "weight").grad, mask_of(layer, "weight").mask)


def test_a_masked_model_can_be_exported():
    model, inputs = masked("mlp")
    model.eval()
    exported = torch.export.export(model, (inputs,)).module()
    torch.testing.assert_close(exported(inputs), model(inputs))
