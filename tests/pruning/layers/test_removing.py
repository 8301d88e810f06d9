"""Tests of burnish.pruning.layers.removing."""

import copy
import json

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers.removing import PassThrough, remove_blocks_, replay_blocks_


def bypassing(model, names, inputs):
    """What a model gives when hooks hand on the input of blocks."""
    handles = [model.get_submodule(name).register_forward_hook(lambda _, args, __: args[0]) for name in names]
    with torch.no_grad():
        found = model(inputs)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("resnet20", ["layer1.0", "layer1.2", "layer3.1"]),
        ("vit-tiny", ["encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_7"]),
        ("convnext-atto", ["features.3.1"]),
        ("mobilenet-v2", ["features.3"]),
    ],
)
def test_a_cut_model_gives_what_the_whole_one_gives_with_the_blocks_bypassed(name, blocks):
    torch.manual_seed(0)
    model = create(name, 10, 3, 32).eval()
    for part, parameter in model.named_parameters():
        if part.endswith(("layer_scale", "heads.head.weight")):  # so small at first that blocks hardly count
            nn.init.normal_(parameter)
    images = torch.randn(2, 3, 32, 32)
    expected = bypassing(model, blocks, images)
    with torch.no_grad():
        before = model(images)
        remove_blocks_(model, blocks)
        assert torch.equal(model(images), expected)
    assert not torch.allclose(before, expected, rtol=1e-2)


def test_the_parameters_of_a_removed_block_are_gone_and_all_others_are_the_same_objects():
    model = create("resnet20", 10, 3, 32)
    gone = {id(p) for p in model.layer2[1].parameters()}
    others = [p for p in model.parameters() if id(p) not in gone]
    remove_blocks_(model, ["layer2.1"])
    assert [id(p) for p in model.parameters()] == [id(p) for p in others]


def test_a_state_dict_loads_into_a_fresh_model_that_was_cut_from_the_written_steps():
    torch.manual_seed(0)
    model = create("resnet20", 10, 3, 32).eval()
    steps = json.loads(json.dumps(remove_blocks_(model, ["layer1.1", "layer3.2"])))
    fresh = create("resnet20", 10, 3, 32).eval()
    replay_blocks_(fresh, steps)
    fresh.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(fresh(images), model(images))


def test_modes_gradients_and_hooks_stay():
    model = create("resnet20", 10, 3, 32)
    model.layer1.eval()
    model.linear.weight.grad = torch.ones_like(model.linear.weight)
    calls = []
    model.layer1.register_forward_hook(lambda *_: calls.append(1))
    modes = {name: module.training for name, module in model.named_modules()}
    remove_blocks_(model, ["layer1.1"])
    model(torch.randn(2, 3, 32, 32))
    assert all(module.training == modes[name] for name, module in model.named_modules())
    assert calls == [1]
    assert model.linear.weight.grad.sum() == model.linear.weight.numel()


def test_what_stands_in_passes_on_the_first_of_all_arguments():
    layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3, enable_nested_tensor=False)
    tokens = torch.randn(5, 2, 8)
    mask = torch.zeros(5, 5)
    layers.eval()
    expected = layers.layers[2](layers.layers[0](tokens, mask), mask)
    remove_blocks_(layers, ["layers.1"])
    assert torch.allclose(layers(tokens, mask), expected, atol=1e-6)


def test_a_module_with_two_names_goes_under_both():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    remove_blocks_(model, ["0"])
    assert list(model.parameters()) == []
    assert isinstance(model[2], PassThrough)


def test_steps_leave_the_model_they_were_taken_from_alone_when_copied():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    copied = copy.deepcopy(model)
    remove_blocks_(copied, ["0"])
    assert isinstance(model[0], nn.Linear)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "there is nothing to remove"),
        (["layer1.7"], r"CifarResNet has no block 'layer1.7' that could be removed \(did you mean 'layer1"),
        ([""], "the whole model cannot go"),
        (["layer1.1", "layer1.1"], "'layer1.1' is named twice"),
        (["layer1.1.conv1", "layer1.1"], r"'layer1.1.conv1' lies inside 'layer1.1'"),
    ],
)
def test_names_that_cannot_be_removed_are_refused_before_anything_goes(names, message):
    model = create("resnet20", 10, 3, 32)
    count = len(list(model.parameters()))
    with pytest.raises(InputError, match=message):
        remove_blocks_(model, ["layer3.2", *names] if names and names != [""] else names)
    assert len(list(model.parameters())) == count


def test_a_block_that_is_gone_cannot_go_again():
    model = create("resnet20", 10, 3, 32)
    remove_blocks_(model, ["layer1.1"])
    with pytest.raises(InputError, match=r"'layer1.1' is gone already"):
        remove_blocks_(model, ["layer1.1"])


def test_steps_of_another_kind_are_refused():
    with pytest.raises(InputError, match=r"expected \{'remove_block': name\}"):
        replay_blocks_(nn.Sequential(nn.Linear(1, 1)), [{"tensor": "0.weight"}])


def test_no_steps_change_nothing():
    model = nn.Sequential(nn.Linear(1, 1))
    replay_blocks_(model, [])
    assert isinstance(model[0], nn.Linear)
