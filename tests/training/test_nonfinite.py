"""Tests of burnish.training.nonfinite."""

import pytest
import torch
from torch import nn

from burnish.data.batch import Batch
from burnish.training.nonfinite import locate_non_finite

NAN, INF = float("nan"), float("inf")


class Log(nn.Module):
    """A layer that has no answer below zero."""

    def forward(self, inputs):
        return inputs.log()


class Block(nn.Module):
    """Layers with code of the block's own between and behind them."""

    def __init__(self, before=None, after=None):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.before, self.after = before, after

    def forward(self, inputs):
        hidden = self.first(inputs)
        out = self.second(hidden if self.before is None else self.before(hidden))
        return out if self.after is None else self.after(out)


def batch(inputs=None, targets=None) -> Batch:
    torch.manual_seed(0)
    return Batch(
        torch.randn(6, 4) if inputs is None else inputs,
        torch.randn(6, 1) if targets is None else targets,
        torch.arange(100, 106),
    )


def locate(model: nn.Module, given: Batch, inputs_may_miss: bool = False) -> str:
    return locate_non_finite(model, lambda: model(given.inputs), given, inputs_may_miss=inputs_may_miss)


@pytest.mark.parametrize("value", [NAN, INF])
def test_bad_inputs_are_told_with_their_samples(value):
    given = batch()
    given.inputs[[1, 4], 2] = value
    assert locate(nn.Linear(4, 1), given) == "the inputs already hold NaN or Inf (samples 101, 104)"


def test_the_first_five_of_many_bad_samples_are_named():
    expected = "the targets hold NaN or Inf (samples 100, 101, 102, 103, 104 and 1 more)"
    assert locate(nn.Linear(4, 1), batch(targets=torch.full((6,), NAN))) == expected


def test_one_bad_target_is_named():
    given = batch()
    given.targets[3] = INF
    assert locate(nn.Linear(4, 1), given) == "the targets hold NaN or Inf (sample 103)"


def test_inputs_in_dicts_are_looked_through():
    given = batch(inputs={"codes": torch.zeros(6, dtype=torch.int64), "values": torch.zeros(6, 3)})
    given.inputs["values"][2, 0] = NAN
    assert "(sample 102)" in locate(nn.Linear(4, 1), given)


def test_gaps_of_a_table_are_no_fault_of_the_batch():
    model = nn.Sequential(nn.Linear(4, 4))
    given = batch()
    given.inputs[0, 0] = NAN
    assert locate(model, given, inputs_may_miss=True) == "it first appears in the code of the model (Sequential), " + (
        "before layer '0' (Linear)"
    )


def test_bad_weights_are_named():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    model[1].bias.data[0] = INF
    assert locate(model, batch()) == "the weights '1.bias' are not finite since the update before"


def test_bad_statistics_are_named_and_masks_are_not():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    model.register_buffer("mask", torch.full((3,), -INF))
    model[1].running_var[2] = NAN
    assert locate(model, batch()) == "the buffer '1.running_var' holds NaN"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_layer_where_it_first_appears_is_named(place):
    layers = [nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)]
    layers.insert(place, Log())
    given = batch(inputs=-torch.rand(6, 4))
    assert locate(nn.Sequential(*layers), given).startswith(f"it first appears in the output of layer '{place}' (")


def test_a_layer_deep_inside_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Identity(), Log()))
    assert locate(model, batch()) == "it first appears in the output of layer '1.1' (Log)"


def test_code_between_layers_is_told_apart_from_the_layer_behind_it():
    model = nn.Sequential(nn.Identity(), Block(before=lambda hidden: hidden.abs().neg().log()))
    expected = "it first appears in the code of layer '1' (Block), before layer '1.second' (Linear)"
    assert locate(model, batch()) == expected


def test_code_behind_the_last_layer_is_told_by_its_module():
    model = Block(after=lambda out: out / 0)
    assert locate(model, batch()) == "it first appears in the output of the model (Block)"


def test_a_model_of_one_layer_is_looked_at_too():
    assert locate(Log(), batch(inputs=-torch.ones(6, 4))) == "it first appears in the output of the model (Log)"


def test_a_loss_that_went_wrong_alone_is_said_to_be():
    assert locate(nn.Linear(4, 1), batch()) == "the outputs are finite, the loss is not"


def test_nothing_is_left_behind():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), Log())
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    given = batch()
    generators = torch.get_rng_state()
    locate(model, given)
    assert torch.equal(torch.get_rng_state(), generators)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [module.training for module in model] == [True, False, True, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_nothing_is_left_behind_by_a_forward_that_fails():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))
    before = model[0].running_mean.clone()
    given = batch()

    def forward():
        model[0](given.inputs)
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        locate_non_finite(model, forward, given, inputs_may_miss=False)
    assert torch.equal(model[0].running_mean, before)
    assert not any(module._forward_hooks for module in model.modules())
