"""Tests of burnish.models.count."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.layers import Window
from burnish.models import count, create


def macs(model, *example):
    return count(model, example).macs


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Linear(6, 4), (2, 6), 2 * 6 * 4),
        (nn.Linear(6, 4), (2, 3, 6), 2 * 3 * 6 * 4),
        (nn.Conv2d(3, 8, 5, stride=2), (2, 3, 11, 9), 2 * 8 * 4 * 3 * 3 * 25),
        (nn.Conv2d(4, 8, 3, groups=2, padding=1), (1, 4, 6, 6), 8 * 36 * 2 * 9),
        (nn.Conv2d(4, 4, 3, groups=4), (1, 4, 6, 6), 4 * 16 * 9),
        (nn.Conv1d(2, 3, 3, dilation=2), (1, 2, 9), 3 * 5 * 2 * 3),
        (nn.ConvTranspose2d(4, 2, 2, stride=2), (1, 4, 5, 5), 4 * 25 * 2 * 4),
        (nn.BatchNorm2d(3), (1, 3, 4, 4), 0),
        (nn.LSTM(5, 7, 2, batch_first=True), (2, 3, 5), 2 * 3 * 4 * (5 * 7 + 7 * 7 + 7 * 7 + 7 * 7)),
        (nn.GRU(5, 7, bidirectional=True), (3, 2, 5), 2 * 3 * 2 * 3 * (5 * 7 + 7 * 7)),
        (nn.RNN(5, 7), (3, 2, 5), 2 * 3 * (5 * 7 + 7 * 7)),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_multiply_adds_equal_the_definition(layer, shape, expected, device):
    assert macs(layer.to(device), torch.zeros(shape)) == expected


class Attention(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x_BTD):
        if self.how == "fused":
            return F.scaled_dot_product_attention(x_BTD, x_BTD, x_BTD)
        if self.how == "einsum":
            score = torch.einsum("btd,bsd->bts", x_BTD, x_BTD)
            return torch.einsum("bts,bsd->btd", score.softmax(-1), x_BTD)
        return (x_BTD @ x_BTD.mT).softmax(-1) @ x_BTD


@pytest.mark.parametrize("how", ["fused", "einsum", "plain"])
def test_attention_counts_in_any_spelling(how):
    assert macs(Attention(how), torch.zeros(2, 5, 8)) == 2 * 2 * 5 * 5 * 8


def test_the_fast_path_of_torch_transformers_is_counted_and_left_on():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    assert macs(layer, torch.zeros(1, 4, 16)) == 4 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 4 * 4 * 16
    assert torch.backends.mha.get_fastpath_enabled()


def test_the_model_is_left_as_it_was():
    model = create("resnet20", width=4)
    model.train()
    model.layer1.eval()
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    before = rng_state()["torch"]
    counted = count(model, torch.zeros(2, 3, 8, 8))
    assert counted.layers
    assert torch.equal(before, rng_state()["torch"])
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(state[key], tensor) for key, tensor in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "mobilenet-v3-small"])
def test_the_meta_device_gives_the_same_rows(name):
    with torch.device("meta"):
        shapes_only = create(name, input_size=32)
    assert count(shapes_only, torch.zeros(2, 3, 32, 32)) == count(
        create(name, input_size=32), torch.zeros(2, 3, 32, 32)
    )


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight
        self.never = nn.Linear(4, 1)
        self.scale = nn.Parameter(torch.ones(4), requires_grad=False)

    def forward(self, x):
        return self.second(self.first(self.first(x))) * self.scale


def test_shared_repeated_idle_and_direct_parameters_are_counted_once():
    counts = count(Shared(), torch.zeros(1, 4))
    assert (counts.parameters, counts.trainable) == (29, 25)
    assert sum(row.parameters for row in counts.layers) == counts.parameters
    rows = {row.name: row for row in counts.layers}
    assert (rows["first"].calls, rows["first"].macs, rows["first"].parameters) == (2, 32, 20)
    assert (rows["second"].calls, rows["second"].macs, rows["second"].parameters) == (1, 16, 0)
    assert (rows["never"].calls, rows["never"].output_shape, rows["never"].parameters) == (0, None, 5)
    assert rows[""].parameters == 4


class Keywords(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, left, right=None):
        if isinstance(left, dict):
            left, right = left["a"], left["b"][0]
        return {"out": [self.linear(left) + self.linear(right)]}


@pytest.mark.parametrize("form", ["tuple", "keywords", "one dict"])
def test_inputs_may_be_any_nest(form):
    x = torch.zeros(5, 3)
    example = {"tuple": (x, x), "keywords": {"right": x, "left": x}, "one dict": {"a": x, "b": [x]}}[form]
    assert count(Keywords(), example).macs == 2 * 5 * 3 * 2


def test_activations_count_what_is_new_in_memory():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Identity(), nn.Unflatten(1, (2, 4)), nn.ReLU())
    assert [row.activation_bytes for row in count(model, torch.zeros(3, 4)).layers] == [96, 0, 0, 0, 96]


def test_a_failing_layer_is_named_with_what_it_received():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(10, 2))
    expected = r"the forward of Sequential fails in layer '2' \(Linear\), which received float32 1x288: mat1 and mat2"
    with pytest.raises(InputError, match=expected):
        count(model, torch.zeros(1, 3, 8, 8))
    assert not model[2]._forward_hooks


def test_a_failure_between_layers_is_said_to_be_there():
    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("speed")

    with pytest.raises(InputError, match=r"the forward of Broken fails outside of its layers.*'speed'"):
        count(Broken(), torch.zeros(1))


def test_layers_whose_errors_a_forward_catches_do_not_confuse_the_count():
    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.bad, self.good = nn.Linear(5, 2), nn.Linear(3, 2)

        def forward(self, x):
            try:
                return self.bad(x)
            except RuntimeError:
                return self.good(x)

    rows = {row.name: row for row in count(Tries(), torch.zeros(1, 3)).layers}
    assert rows["good"].macs == 6
    assert rows["bad"].macs == 0


def test_a_failing_layer_within_layers_is_named_in_full():
    block = nn.ModuleDict({"conv": nn.Conv2d(3, 8, 3), "norm": nn.BatchNorm2d(4)})
    block.forward = lambda x: block["norm"](block["conv"](x))
    model = nn.Sequential(nn.Identity(), nn.Sequential(nn.ReLU(), block))
    with pytest.raises(InputError, match=r"in layer '1\.1\.norm' \(BatchNorm2d\), which received float32 1x8x6x6"):
        count(model, torch.zeros(1, 3, 8, 8))


def test_containers_sum_up_what_lies_below():
    counts = count(create("resnet20"), torch.zeros(1, 3, 32, 32))
    whole, *inner = counts.containers
    assert (whole.name, whole.type, whole.output_shape) == ("", "CifarResNet", (1, 10))
    assert (whole.parameters, whole.macs, whole.activation_bytes, whole.used) == (
        counts.parameters,
        counts.macs,
        counts.activation_bytes,
        counts.used,
    )
    rows = {row.name: row for row in inner}
    assert list(rows)[:2] == ["layer1", "layer1.0"]
    below = [row for row in counts.layers if row.name.startswith("layer2.")]
    assert rows["layer2"].macs == sum(row.macs for row in below) > 0
    assert rows["layer2"].receptive_field == next(row for row in below if row.name == "layer2.2.relu2").receptive_field
    assert rows["layer2.0"].joins == ("sum",)
    assert rows["layer2"].joins == ()


class Joins(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Identity()
        self.bias = nn.Parameter(torch.ones(3))

    def forward(self, x):
        y = self.inner(x) + self.bias
        return torch.cat([x, y * y.mean(dim=1, keepdim=True)], dim=1)


def test_only_paths_from_the_input_are_joined():
    assert count(Joins(), torch.zeros(2, 3)).containers[0].joins == ("concatenation", "product")


class Training(nn.Module):
    """Heads that only training reads, and a layer whose weights its parent reads."""

    def __init__(self):
        super().__init__()
        self.body, self.main, self.aux = nn.Linear(4, 4), nn.Linear(4, 2), nn.Linear(4, 3)

    def forward(self, x):
        x = F.linear(x, self.body.weight, self.body.bias)
        return (self.main(x), self.aux(x)) if self.training else self.main(x)


def test_parameters_that_evaluation_reads_are_told_from_those_it_does_not():
    counts = count(Training(), torch.zeros(1, 4))
    rows = {row.name: row for row in counts.layers}
    assert {name: (row.calls, row.used) for name, row in rows.items()} == {
        "main": (1, 10),
        "body": (0, 20),
        "aux": (0, 0),
        "": (1, 0),
    }
    assert (counts.parameters, counts.used) == (45, 30)


def test_the_output_projection_of_attention_counts_as_used():
    attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    counts = count(attention, torch.zeros(1, 4, 8))
    assert counts.used == counts.parameters


def test_windows_stand_beside_the_sizes_that_they_give():
    rows = count(nn.Sequential(nn.Conv2d(3, 4, 5, stride=2, padding=1), nn.ReLU()), torch.zeros(1, 3, 9, 12)).layers
    assert rows[0].window == (Window(5, 2, 1),) * 2
    assert rows[0].expected_size == (4, 5) == rows[0].output_shape[2:]
    assert rows[0].agrees
    assert (rows[1].window, rows[1].expected_size, rows[1].agrees) == (None, None, True)


def test_a_layer_that_does_more_than_its_window_says_does_not_agree():
    class PadsItself(nn.Conv2d):
        def forward(self, x):
            return super().forward(F.pad(x, (1, 1, 1, 1)))

    row = count(PadsItself(3, 4, 3), torch.zeros(1, 3, 8, 8)).layers[0]
    assert (row.expected_size, row.output_shape[2:], row.agrees) == ((6, 6), (8, 8), False)
