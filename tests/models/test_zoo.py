"""Tests that every registered model must pass."""

import copy

import pytest
import torch

from burnish.models import count, create, entry, names

VOCABULARY = 11
PARAMETERS = {
    "lenet5": (1, 61_706),
    "resnet20": (3, 269_722),
    "resnet32": (3, 464_154),
    "resnet44": (3, 658_586),
    "resnet56": (3, 853_018),
    "resnet110": (3, 1_727_962),
}
MACS = {
    "lenet5": (1, 0.4165),
    "resnet20": (3, 40.55),
    "resnet32": (3, 68.86),
    "resnet44": (3, 97.17),
    "resnet56": (3, 125.49),
    "resnet110": (3, 252.89),
}
IMAGE_MODELS = [name for name in names() if "image" in entry(name).kinds]
FLAT_MODELS = [name for name in names() if {"table", "points"} & set(entry(name).kinds)]


def build(name, kind, channels=3):
    """A model and a batch of two for it."""
    if kind == "text":
        return create(name, num_classes=VOCABULARY), torch.randint(VOCABULARY, (2, 7))
    if kind == "image":
        side = entry(name).native_size or 16
        return create(name, 10, channels, side), torch.rand(2, channels, side, side)
    return create(name, 10, channels), torch.rand(2, channels)


EVERY = [(name, kind) for name in names() for kind in entry(name).kinds]


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_parameter_that_runs_gets_a_finite_gradient(name, kind):
    model, inputs = build(name, kind)
    if entry(name).task == "gan":
        inputs = model.sample(2)
    output = model.train()(inputs)
    assert output.shape[0] == 2
    output.square().mean().backward()
    for label, parameter in model.named_parameters():
        assert parameter.grad is not None, label
        assert parameter.grad.isfinite().all(), label


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_weights_travel_through_a_state_dict(name, kind):
    torch.manual_seed(0)
    model, inputs = build(name, kind)
    other, _ = build(name, kind)
    for tensor in other.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(1)
    other.load_state_dict(model.state_dict())
    assert torch.equal(model.eval()(inputs), other.eval()(inputs))


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_evaluation_is_deterministic_and_a_deep_copy_agrees(name, kind):
    model, inputs = build(name, kind)
    first = model.eval()(inputs)
    assert torch.equal(first, model(inputs))
    assert torch.equal(first, copy.deepcopy(model)(inputs))


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_samples_of_a_batch_do_not_touch_each_other_in_evaluation(name, kind):
    model, inputs = build(name, kind)
    together = model.eval()(inputs)
    torch.testing.assert_close(together[:1], model(inputs[:1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", IMAGE_MODELS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_image_models_take_any_number_of_channels_and_classes(name, channels):
    side = entry(name).native_size or 16
    model = create(name, 7, channels, side).eval()
    assert model(torch.rand(1, channels, side, side)).shape == (1, 1 if entry(name).task == "gan" else 7)


@pytest.mark.parametrize("name", FLAT_MODELS)
def test_flat_models_take_any_width(name):
    assert create(name, 4, in_channels=9).eval()(torch.rand(3, 9)).shape[0] == 3


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts_are_those_of_the_papers(name):
    channels, parameters = PARAMETERS[name]
    with torch.device("meta"):
        model = create(name, 10, channels)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


@pytest.mark.parametrize("name", MACS)
def test_multiply_adds_are_those_of_the_papers(name):
    channels, millions = MACS[name]
    with torch.device("meta"):
        model = create(name, 10, channels)
    counts = count(model, torch.zeros(1, channels, 32, 32))
    assert counts.macs / 1e6 == pytest.approx(millions, abs=5e-3 if millions > 1 else 5e-5)


@pytest.mark.parametrize("name", names())
def test_every_model_says_what_it_is(name):
    found = entry(name)
    assert found.kinds
    assert found.paper
    assert found.summary
    assert found.builder.__doc__
