"""Tests of burnish.layers.reestimate_batchnorm."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.layers import reestimate_batchnorm_


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Conv2d(3, 4, 1)
        self.last_norm = nn.BatchNorm2d(4, momentum=None)
        self.unused = nn.BatchNorm2d(5)

    def forward(self, x):
        return self.last_norm(self.last(self.drop(self.norm(self.conv(x)).relu())))


def batches(*sizes):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(size, 2, 6, 5, generator=generator) * (1 + size) for size in sizes]


def direct(net, inputs):
    """Mean of the batches' means and unbiased variances, by the number of samples, layer by layer."""

    def moments(maps):
        share = torch.tensor([float(len(m)) for m in maps], dtype=torch.float64) / sum(map(len, maps))
        mean = sum(s * m.double().mean(dim=(0, 2, 3)) for s, m in zip(share, maps, strict=True))
        var = sum(s * m.double().var(dim=(0, 2, 3)) for s, m in zip(share, maps, strict=True))
        return mean.float(), var.float()

    def normalised(m, norm):
        mean, var = m.mean(dim=(0, 2, 3), keepdim=True), m.var(dim=(0, 2, 3), keepdim=True, correction=0)
        scaled = (m - mean) / (var + norm.eps).sqrt()
        return scaled * norm.weight.view(1, -1, 1, 1) + norm.bias.view(1, -1, 1, 1)

    with torch.no_grad():
        first = [net.conv(x) for x in inputs]
        second = [net.last(normalised(m, net.norm).relu()) for m in first]
    return moments(first), moments(second)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("sizes", [(4,), (4, 4, 4), (5, 2, 1, 7)])
def test_statistics_are_the_averages_of_the_batches(sizes, training):
    net = Net().train(training)
    with torch.no_grad():
        net.norm.weight.uniform_(0.5, 2)
    inputs = batches(*sizes)
    assert reestimate_batchnorm_(net, iter(inputs)) == ("norm", "last_norm")
    for norm, (mean, var) in zip((net.norm, net.last_norm), direct(net, inputs), strict=True):
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var, var, rtol=1e-4, atol=1e-5)


def test_what_was_known_before_does_not_matter_even_if_it_was_not_a_number():
    net, broken = Net(), Net()
    broken.norm.running_mean.fill_(torch.nan)
    broken.norm.num_batches_tracked.fill_(1000)
    broken.last_norm.running_var.fill_(torch.inf)
    for each in (net, broken):
        reestimate_batchnorm_(each, batches(4, 3))
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in broken.state_dict().items())
    assert net.norm.num_batches_tracked == 2


def test_weights_modes_and_random_numbers_stay():
    net = Net().train()
    net.drop.eval()
    modes = [module.training for module in net.modules()]
    weights = [parameter.clone() for parameter in net.parameters()]
    state = torch.get_rng_state()
    reestimate_batchnorm_(net, batches(4))
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert (net.norm.momentum, net.last_norm.momentum) == (0.1, None)
    assert not net.norm._forward_pre_hooks


def test_a_frozen_normalisation_keeps_its_statistics_and_uses_them():
    net = Net().train()
    net.norm.eval()
    net.norm.running_mean.fill_(0.3)
    net.norm.running_var.fill_(2.0)
    inputs = batches(4)
    assert reestimate_batchnorm_(net, inputs) == ("last_norm",)
    assert net.norm.running_mean.tolist() == pytest.approx([0.3] * 3)
    with torch.no_grad():
        maps = net.last(net.norm(net.conv(inputs[0])).relu())
    torch.testing.assert_close(net.last_norm.running_mean, maps.mean(dim=(0, 2, 3)))


def test_a_layer_that_no_batch_reaches_keeps_its_statistics():
    net = Net()
    net.unused.running_mean.fill_(7)
    reestimate_batchnorm_(net, batches(4))
    assert net.unused.running_mean.unique().tolist() == [7]


def test_a_layer_that_runs_twice_a_batch_averages_both():
    norm = nn.BatchNorm1d(1)

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = norm

        def forward(self, x):
            return self.norm(x), self.norm(x + 10)

    reestimate_batchnorm_(Twice(), [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0]])])
    assert norm.running_mean.item() == pytest.approx((1 + 11 + 5 + 15) / 4)


def test_a_failure_leaves_everything_as_it_was():
    net = Net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(RuntimeError):
        reestimate_batchnorm_(net, [*batches(4), torch.zeros(2, 9, 6, 5)])
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert net.norm.momentum == 0.1
    assert net.drop.training


@pytest.mark.parametrize(
    ("make", "given", "message"),
    [
        (lambda: nn.Linear(2, 2), [torch.zeros(2, 2)], "Linear has no batch normalisation to measure"),
        (lambda: nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False)), [], "has no batch normalisation to"),
        (Net, [], "no batch reached a batch normalisation: give at least one batch"),
        (Net, [(torch.zeros(2, 2, 6, 5), None)], "batches must be tensors, got tuple: give the inputs alone"),
        (lambda: nn.Sequential(nn.BatchNorm1d(2)), [torch.zeros(1, 2)], "'0' gets a single value a channel, which"),
    ],
)
def test_what_cannot_be_measured_is_named(make, given, message):
    with pytest.raises(InputError, match=message):
        reestimate_batchnorm_(make(), given)
