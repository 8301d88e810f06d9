"""Tests of burnish.pruning.graph.following.recorder."""

import torch
from torch import nn

from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.following.recorder import Recorder, numbers_of, tensors_in
from burnish.pruning.graph.following.tracker import Tracker

aten = torch.ops.aten


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.heads = nn.Linear(4, 6), 3

    def forward(self, x):
        x = self.layer(x) * 0.5
        return x.view(len(x), self.heads, 2)  # here


def recorded(model, example):
    atoms = Atoms()
    named = dict(model.named_parameters())
    weights = {name: tuple(atoms.fresh(size) for size in tensor.shape) for name, tensor in named.items()}
    tracker = Tracker(atoms, {id(tensor): name for name, tensor in named.items()}, weights)
    tracker.start(example)
    recorder = Recorder(model, tracker)
    with recorder:
        model(example)
    return recorder


def test_operators_are_recorded_with_module_line_shapes_and_fractions():
    recorder = recorded(Net(), torch.rand(5, 4))
    by_name = {record.operation.overloadpacket.__name__: record for record in recorder.records}
    assert by_name["addmm"].modules == ("", "layer")
    assert by_name["mul"].numbers == (0.5,)
    assert by_name["view"].shapes == ((5, 3, 2),)
    with open(__file__, encoding="utf-8") as file:
        line = next(number for number, text in enumerate(file, start=1) if "# here" in text)
    assert by_name["view"].line.endswith(f"test_recorder.py:{line}")


def test_numbers_that_may_count_channels_are_collected():
    recorder = recorded(Net(), torch.rand(5, 4))
    assert ("", "heads", 3) in [(guess.module, guess.name, guess.channels.shape[1]) for guess in recorder.guesses]
    assert {key[1] for key in recorder.attributes} == {"in_features", "out_features"}


def test_hooks_and_settings_go_with_the_context():
    model = Net()
    before = torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled
    recorded(model, torch.rand(5, 4))
    assert not model._forward_hooks
    assert not model.layer._forward_pre_hooks
    assert (torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled) == before


def test_a_linear_layer_is_one_product_whatever_the_strides_are():
    one = recorded(Net().layer, torch.rand(2, 5, 4))
    other = recorded(Net().layer, torch.rand(5, 2, 4).transpose(0, 1))
    kinds = [
        [record.operation for record in recorder.records if "mm" in str(record.operation)] for recorder in (one, other)
    ]
    assert kinds[0] == kinds[1] == [aten.addmm.default]


def test_sizes_are_no_numbers_and_factors_are():
    assert numbers_of(aten.view.default, (1, 0.5, True), {"scale": 2.0}) == (0.5, 2.0)
    assert numbers_of(aten.mul.Tensor, (3, 0.5), {}) == (3, 0.5)


def test_tensors_are_found_in_objects():
    class Output:
        def __init__(self):
            self.logits = [torch.ones(1)]

    assert [tensor.item() for tensor in tensors_in({"a": Output(), "b": (torch.zeros(1),)})] == [0.0, 1.0]
