"""Tests of burnish.training.average."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.training.average import WeightAverage


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def wander(model: nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.999])
def test_the_average_is_the_weighted_sum_of_all_weights(decay):
    weight = nn.Linear(1, 1, bias=False).double()
    values = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0, -5.0, 3.0, 5.0]
    nn.init.constant_(weight.weight, values[0])
    average = WeightAverage(weight, decay)
    for value in values[1:]:
        nn.init.constant_(weight.weight, value)
        average.update(weight)

    decays = [min(decay, (1 + t) / (10 + t)) for t in range(len(values) - 1)]
    shares = [math.prod(decays)]
    shares += [(1 - decays[t]) * math.prod(decays[t + 1 :]) for t in range(len(decays))]
    assert sum(shares) == pytest.approx(1.0)
    with average.swapped(weight):
        expected = sum(share * value for share, value in zip(shares, values, strict=True))
        assert weight.weight.item() == pytest.approx(expected, rel=1e-12)


def test_the_decay_grows_to_its_limit():
    weight = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(weight.weight)
    average = WeightAverage(weight, 0.9)
    nn.init.ones_(weight.weight)
    for updates, decay in [(0, 0.1), (10, 11 / 20), (79, 80 / 89), (80, 0.9), (1000, 0.9)]:
        before = 1 - average.state_dict()["weights"]["weight"].item()
        average.updates = updates
        average.update(weight)
        assert 1 - average.state_dict()["weights"]["weight"].item() == pytest.approx(decay * before)


def test_swapping_puts_the_average_in_and_takes_it_out_bit_for_bit():
    model = network()
    average = WeightAverage(model, 0.9)
    for _ in range(5):
        wander(model)
        average.update(model)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with average.swapped(model):
        assert not torch.equal(model[0].weight, before["0.weight"])
        assert torch.equal(model[0].weight, average.state_dict()["weights"]["0.weight"])
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_swapping_undoes_what_happens_inside():
    model = network()
    average = WeightAverage(model, 0.9)
    before = {key: value.clone() for key, value in model.state_dict().items()}

    def interrupted() -> None:
        with average.swapped(model):
            model(torch.randn(8, 3))  # moves the running statistics
            wander(model)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_running_statistics_are_those_of_the_module():
    model = network()
    average = WeightAverage(model, 0.99)
    for _ in range(3):
        model(torch.randn(16, 3) + 5)
        average.update(model)
    statistics = [buffer.clone() for buffer in model.buffers()]
    assert statistics[0].abs().sum() > 0
    with average.swapped(model):
        assert all(torch.equal(a, b) for a, b in zip(model.buffers(), statistics, strict=True))


def test_parameters_stay_the_same_objects_and_keep_their_gradients():
    model = network()
    average = WeightAverage(model, 0.9)
    model(torch.randn(8, 3)).sum().backward()
    parameters = [(p, p.grad.clone()) for p in model.parameters()]
    average.update(model)
    with average.swapped(model):
        pass
    for now, (then, gradient) in zip(model.parameters(), parameters, strict=True):
        assert now is then
        assert torch.equal(now.grad, gradient)
        assert now.requires_grad


def test_the_average_survives_saving(tmp_path):
    model = network()
    average = WeightAverage(model, 0.95)
    for _ in range(4):
        wander(model)
        average.update(model)
    torch.save(average.state_dict(), tmp_path / "average.pt")
    resumed = WeightAverage(network(), 0.95)
    resumed.load_state_dict(torch.load(tmp_path / "average.pt", weights_only=True))
    wander(model)
    average.update(model)
    resumed.update(model)
    assert resumed.updates == average.updates == 5
    theirs = average.state_dict()["weights"]
    assert all(torch.equal(value, theirs[key]) for key, value in resumed.state_dict()["weights"].items())


def test_a_copy_for_good_goes_to_any_module_of_the_same_shape():
    model, other = network(), network()
    average = WeightAverage(model, 0.5)
    wander(model)
    average.update(model)
    average.copy_to(other)
    assert torch.equal(other[0].weight, average.state_dict()["weights"]["0.weight"])
    assert not torch.equal(other[0].weight, model[0].weight)


def test_an_average_of_another_model_is_refused():
    average = WeightAverage(network())
    with pytest.raises(InputError, match=r"does not fit this model: '0\.bias' is in only one of them"):
        average.load_state_dict(WeightAverage(nn.Linear(3, 4)).state_dict())
    wide = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    with pytest.raises(InputError, match=r"'0.weight' has shape \(4, 3\) here and \(4, 5\) there"):
        average.load_state_dict(WeightAverage(wide).state_dict())


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2.0, math.nan])
def test_a_decay_out_of_range_is_named(decay):
    with pytest.raises(InputError, match=rf"ema must lie in \[0, 1\), got {decay}"):
        WeightAverage(network(), decay)
