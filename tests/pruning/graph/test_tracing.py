"""Tests of burnish.pruning.graph.tracing."""

import random

import pytest
import torch
from tests.pruning.graph.equality import assert_equal_to_its_twin
from torch import nn

from burnish import models
from burnish.common.errors import InputError
from burnish.pruning.graph import groups, trace

IMAGE = torch.rand(2, 3, 8, 8)
ROWS = torch.rand(3, 4)
SMALL = (
    "char-gru",
    "char-lstm",
    "densenet-40-12",
    "gan",
    "lenet5",
    "mlp",
    "mobilenet-v1",
    "preact-resnet20",
    "resnet20",
)
ZOO = (
    "alexnet:64",
    "alexnet-2012:96",
    "convnext-atto",
    "deformable-resnet18",
    "densenet121",
    "efficientnet-b0",
    "fractalnet-small",
    "googlenet",
    "inception-resnet-v2:96",
    "inception-v1:64",
    "inception-v2:64",
    "inception-v3:96",
    "inception-v4:96",
    "mobilenet-v2",
    "mobilenet-v3-small",
    "resnet18",
    "resnet110-stochastic-depth",
    "resnetv2-18",
    "resnext50-32x4d",
    "swin-t",
    "swin-v2-t",
    "vgg11-bn",
    "vit-tiny",
    "wide-resnet50-2",
    "wrn-16-4",
)


def built(name: str):
    torch.manual_seed(0)
    name, _, size = name.partition(":")
    if name.startswith("char"):
        model = models.create(name, num_classes=20, in_channels=1, hidden=12)
        return model, torch.randint(20, (2, 5))
    side = int(size or 32)
    model = models.create(name, num_classes=10, in_channels=3, input_size=(side, side))
    return model, torch.rand(2, 3, side, side)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_of_the_zoo_is_equal_to_its_masked_twin(name):
    graph = assert_equal_to_its_twin(*built(name))
    assert not graph.refusals
    assert not graph.notes


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_every_family_of_the_zoo_is_equal_to_its_masked_twin(name):
    graph = assert_equal_to_its_twin(*built(name), tolerance=1e-6)
    for refusal in graph.refusals:  # offsets of deformable convolutions; neighbours that normalise each other
        assert all("offset" in layer for layer in refusal.layers) or refusal.reason == "a window runs over them"


class Watched(nn.Module):
    """Blocks that ask for shapes, and draw whether they run."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        x = self.norm(self.first(x))
        if x.shape[1] > 3 and (not self.training or random.random() < 2):
            x = x + self.second(x)
        return self.head(x)


def test_a_model_is_left_as_it_was():
    model = Watched()
    model.second.eval()
    model.first.weight.requires_grad_(False)
    model(ROWS).sum().backward()
    gradient = model.head.weight.grad
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(5)
    random.seed(5)
    wanted = torch.rand(1), random.random()
    torch.manual_seed(5)
    random.seed(5)
    trace(model, ROWS)
    assert (torch.rand(1), random.random()) == wanted
    assert all(torch.equal(state[name], tensor) for name, tensor in model.state_dict().items())
    assert [module.training for module in (model, model.first, model.second)] == [True, True, False]
    assert model.head.weight.grad is gradient
    assert not model.first.weight.requires_grad
    assert not model._forward_hooks


def test_channels_of_inputs_and_outputs_are_no_groups():
    found = groups(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), ROWS)
    assert [(group.name, group.count, group.producers, group.consumers) for group in found] == [
        ("0", 8, ("0",), ("2",))
    ]


def test_layers_that_are_added_are_one_group():
    (group,) = groups(Watched(), ROWS)
    assert set(group.producers) == {"first", "second"}
    assert set(group.consumers) == {"second", "head"}


def test_auxiliary_outputs_of_training_are_seen():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.head, self.extra = nn.Linear(4, 8), nn.Linear(8, 2), nn.Linear(8, 3)

        def forward(self, x):
            x = self.stem(x).relu()
            return (self.head(x), self.extra(x)) if self.training else self.head(x)

    (group,) = groups(Auxiliary(), ROWS)
    assert group.consumers == ("head", "extra")


def test_ignored_layers_keep_their_outputs():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.Linear(6, 2))
    assert [group.name for group in groups(model, ROWS, ignore=("0",))] == ["2"]
    assert [group.name for group in groups(model, ROWS, ignore=("2.weight",))] == ["0"]
    with pytest.raises(InputError, match="ignore names 'zero', which is no module"):
        groups(model, ROWS, ignore=("zero",))


def test_a_forward_that_asks_for_numbers_is_followed_with_numbers():
    class Asks(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.head = nn.Linear(4, 8), nn.Linear(8, 2)

        def forward(self, x):
            x = self.first(x)
            return self.head(x if float(x.sum()) < 1e9 else -x)

    graph = trace(Asks(), ROWS)
    assert [group.name for group in graph.groups()] == ["first"]
    assert "traced with numbers" in graph.notes[0]


def test_a_model_on_the_meta_device_is_followed_too():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    assert [group.count for group in groups(model, ROWS)] == [8]


def test_one_sample_is_enough_for_batch_normalisation():
    model = nn.Sequential(nn.Conv2d(3, 8, 8), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 2))
    graph = trace(model, IMAGE[:1])
    assert [group.count for group in graph.groups()] == [8]
    assert not graph.notes


def test_a_wrong_example_is_named_with_the_layer():
    with pytest.raises(InputError, match="the forward of Sequential in evaluation mode fails in layer '0'"):
        trace(nn.Sequential(nn.Linear(4, 8)), torch.rand(2, 5))


def test_a_model_without_parameters_is_an_error():
    with pytest.raises(InputError, match="Flatten has no parameters: there is nothing to prune"):
        trace(nn.Flatten(), ROWS)
