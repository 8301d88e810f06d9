"""Tests that every registered model must pass."""

import copy
import functools
import itertools
import math

import pytest
import torch

from burnish.models import create, entry, names
from burnish.models.auxiliary import AuxiliaryOutput

VOCABULARY = 11
CLASSIFIERS = [name for name in names() if ".vision." in entry(name).builder.__module__]
FLAT_MODELS = [name for name in names() if {"table", "points"} & set(entry(name).kinds)]


@functools.cache
def on_meta(name, channels=3, size=None):
    """A model for 13 classes without memory: shapes alone."""
    with torch.device("meta"):
        return create(name, 13, channels, size)


def parameters(name):
    return sum(parameter.numel() for parameter in on_meta(name).parameters())


def smallest_of_each_family():
    """The registered variant of each source file that has the fewest parameters."""
    for _, variants in itertools.groupby(sorted(CLASSIFIERS, key=family), key=family):
        yield min(variants, key=parameters)


def family(name):
    return entry(name).builder.__module__


def native(name):
    return entry(name).native_size or 16


REPRESENTATIVES = list(smallest_of_each_family())
VERY_DEEP = ("resnet1202", "resnet1202-stochastic-depth")
EVERY_CLASSIFIER = [pytest.param(name, marks=pytest.mark.slow) if name in VERY_DEEP else name for name in CLASSIFIERS]
EVERY = [(name, kind) for name in names() if name not in CLASSIFIERS for kind in entry(name).kinds]
EVERY += [(name, "image") for name in REPRESENTATIVES]


def build(name, kind, channels=3):
    """A model and a batch of two for it, small enough to run."""
    if kind == "text":
        return create(name, num_classes=VOCABULARY), torch.randint(VOCABULARY, (2, 7))
    if kind == "image":
        side = min(native(name), 64)
        return create(name, 10, channels, side), torch.rand(2, channels, side, side)
    return create(name, 10, channels), torch.rand(2, channels)


@pytest.mark.parametrize("name", EVERY_CLASSIFIER)
def test_shapes_features_and_gradients_at_the_native_size(name):
    side = native(name)
    model = on_meta(name)
    images = torch.empty(2, 3, side, side, device="meta")
    check_features(model.eval(), images)
    outputs = every_output(model.train()(images))
    assert [tuple(part.shape) for part in outputs] == [(2, 13)] * len(outputs)
    sum(part.sum() for part in outputs).backward()
    assert not [label for label, parameter in model.named_parameters() if parameter.grad is None]
    model.zero_grad()


@pytest.mark.parametrize("name", EVERY_CLASSIFIER)
def test_groups_hold_every_parameter_once_from_stem_to_head(name):
    model = on_meta(name)
    groups = model.parameter_groups()
    assert next(iter(groups)) == "stem"
    assert next(reversed(groups)) == "head"
    assert all(groups.values()), "a stage without parameters"
    members = [id(parameter) for group in groups.values() for parameter in group]
    assert sorted(members) == sorted(id(parameter) for parameter in model.parameters())
    head = model.get_submodule(model.head_names[0])
    assert id(head.weight) in {id(parameter) for parameter in groups["head"]}


@pytest.mark.parametrize("name", EVERY_CLASSIFIER)
def test_a_new_head_has_the_new_classes_and_the_body_stays(name):
    model = on_meta(name)
    body = {id(p) for stage, group in model.parameter_groups().items() if stage != "head" for p in group}
    try:
        assert model.reset_head(5).num_classes == 5
        assert body <= {id(parameter) for parameter in model.parameters()}
        outputs = every_output(model.train()(torch.empty(2, 3, native(name), native(name), device="meta")))
        assert [tuple(part.shape) for part in outputs] == [(2, 5)] * len(outputs)
    finally:
        model.reset_head(13)


@pytest.mark.parametrize("name", REPRESENTATIVES)
@pytest.mark.parametrize("size", [(28, 28), (32, 32), (64, 64), (65, 79)], ids=str)
def test_other_sizes_have_the_levels_that_the_model_states(name, size):
    check_features(on_meta(name, 3, size).eval(), torch.empty(2, 3, *size, device="meta"))


@pytest.mark.parametrize("name", REPRESENTATIVES)
@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_go_in(name, channels):
    images = torch.empty(1, channels, 64, 64, device="meta")
    assert on_meta(name, channels, 64).eval()(images).shape == (1, 13)


def every_output(output):
    """The logits, and those of auxiliary heads."""
    return [output.logits, *output.auxiliary] if isinstance(output, AuxiliaryOutput) else [output]


def check_features(model, images):
    """One map a level, as wide and as large as the model says; and logits of one row a sample."""
    assert model.levels
    assert [level.stride for level in model.levels] == sorted({level.stride for level in model.levels})
    maps = model.features(images)
    assert len(maps) == len(model.levels)
    for level, found in zip(model.levels, maps, strict=True):
        assert found.shape[:2] == (len(images), level.channels), level
        for side, pixels in zip(found.shape[2:], images.shape[2:], strict=True):
            most = math.ceil(max(pixels, 32) / level.stride) + 1  # some pad what is smaller to 32
            assert pixels / level.stride / 2 <= side <= most, level  # less than the stride says where windows are valid
    assert model(images).shape == (len(images), 13)


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_parameter_that_runs_gets_a_finite_gradient(name, kind):
    torch.manual_seed(0)
    model, inputs = build(name, kind)
    if entry(name).task == "gan":
        inputs = model.sample(2)
    output = model.train()(inputs)
    outputs = every_output(output)
    assert outputs[0].shape[0] == 2
    sum(part.square().mean() for part in outputs).backward()
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
    assert first.isfinite().all()
    assert torch.equal(first, model(inputs))
    assert torch.equal(first, copy.deepcopy(model)(inputs))


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_samples_of_a_batch_do_not_touch_each_other_in_evaluation(name, kind):
    model, inputs = build(name, kind)
    together = model.eval()(inputs)
    torch.testing.assert_close(together[:1], model(inputs[:1]), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_the_compiler_captures_the_whole_graph_and_the_outputs_stay(name):
    torch.manual_seed(0)
    model, inputs = build(name, "image")
    model.eval()
    expected = model(inputs)
    torch.compiler.reset()
    captured = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(captured(inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's compiler imports parts of torch that warn
@pytest.mark.parametrize("name", ["resnet20", "vit-tiny"])
def test_compiled_models_agree_in_training_too(name):
    torch.manual_seed(0)
    model, inputs = build(name, "image")
    model.train()
    expected = model(inputs)
    expected.square().mean().backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    torch.compiler.reset()
    found = torch.compile(model)(inputs)
    found.square().mean().backward()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-2, atol=1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's exporter and onnxscript warn about themselves
@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_the_exported_model_answers_alike_in_onnxruntime(name, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    torch.manual_seed(0)
    model, inputs = build(name, "image")
    model.eval()
    file = tmp_path / "model.onnx"
    torch.onnx.export(model, (inputs,), file, dynamo=True, verbose=False)
    session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), model(inputs).detach(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", FLAT_MODELS)
def test_flat_models_take_any_width(name):
    assert create(name, 4, in_channels=9).eval()(torch.rand(3, 9)).shape[0] == 3


@pytest.mark.parametrize("name", names())
def test_every_model_says_what_it_is(name):
    found = entry(name)
    assert found.kinds
    assert found.paper
    assert found.summary
    assert found.builder.__doc__
