"""Tests of burnish.pruning.criteria.taylor."""

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import chain, pairs, summed

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.pruning.criteria import Taylor, score_groups
from burnish.pruning.graph import masked_twin, trace
from burnish.tasks import Classification


def score(model, groups, batches=None, **options):
    return score_groups(model, groups, Taylor(**options), batches=batches or pairs(), task=F.cross_entropy)


def loss_when_scaled(model, batches, weight, channel, factor):
    """Mean loss over all samples when what a consumer reads of a channel is scaled."""
    kept = weight.detach().clone()
    with torch.no_grad():
        weight[:, channel] *= factor
        losses = torch.cat([F.cross_entropy(model(x), y, reduction="none") for x, y in batches])
        weight.copy_(kept)
    return losses


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("gradient", ["mean", "sample"])
@pytest.mark.parametrize("measure", ["squared", "absolute"])
def test_it_is_the_change_of_the_loss_when_a_channel_fades_to_first_order(norm, gradient, measure):
    model, groups = chain(norm)
    model.eval()
    found = score(model, groups, gradient=gradient, measure=measure)["first"]
    step = 1e-5
    for channel in range(6):
        up, down = (
            loss_when_scaled(model, pairs(), model.second.weight, channel, factor) for factor in (1 + step, 1 - step)
        )
        change = (up - down) / (2 * step)  # a sample
        change = change.mean(dim=0, keepdim=True) if gradient == "mean" else change
        expected = (change.square() if measure == "squared" else change.abs()).mean()
        torch.testing.assert_close(found[channel], expected, rtol=1e-5, atol=1e-12)


def test_a_channel_that_hardly_speaks_is_removed_at_the_foretold_loss():
    model, groups = chain(norm=True)
    model.eval()
    with torch.no_grad():
        model.second.weight[:, 1] *= 1e-4
    inputs, targets = pairs()[0]
    foretold = score(model, groups, [(inputs, targets)], gradient="mean", measure="absolute")["first"][1]
    graph = trace(model, inputs)
    twin = masked_twin(model, graph, [(graph.groups()[0], [1])])
    change = F.cross_entropy(twin(inputs), targets) - F.cross_entropy(model(inputs), targets)
    torch.testing.assert_close(change.abs().detach(), foretold, rtol=1e-3, atol=0)


@pytest.mark.parametrize("gradient", ["mean", "sample"])
def test_it_does_not_depend_on_how_the_data_are_cut_into_batches(gradient):
    model, groups = chain(norm=True)
    inputs, targets = (torch.cat(parts) for parts in zip(*pairs((5, 5, 2)), strict=True))
    whole = score(model, groups, [(inputs, targets)], gradient=gradient)
    found = score(model, groups, pairs((5, 5, 2)), gradient=gradient)
    for name in whole:
        torch.testing.assert_close(found[name], whole[name], rtol=1e-6, atol=0)


@pytest.mark.parametrize("gradient", ["mean", "sample"])
def test_makers_and_readers_tell_the_same_behind_a_relu(gradient):
    model, groups = chain()
    makers, readers = (score(model, groups, weights=way, gradient=gradient) for way in ("producers", "consumers"))
    for name in makers:
        torch.testing.assert_close(makers[name], readers[name], rtol=1e-5, atol=1e-14)


def test_layers_that_are_added_go_together():
    torch.manual_seed(0)
    model, found = summed()
    batches = [((torch.randn(6, 3).double(), torch.randn(6, 3).double()), torch.randint(2, (6,)))]
    makers, readers = (score(model, [found], batches, weights=way)["one"] for way in ("producers", "consumers"))
    torch.testing.assert_close(makers, readers, rtol=1e-5, atol=1e-14)


def test_scaling_a_channel_and_its_reader_back_changes_nothing():
    model, groups = chain()
    before = score(model, groups)
    with torch.no_grad():
        model.first.weight[2] *= 10
        model.first.bias[2] *= 10
        model.second.weight[:, 2] /= 10
    after = score(model, groups)
    for name in before:
        torch.testing.assert_close(after[name], before[name], rtol=1e-5, atol=0)


def test_samples_that_pull_both_ways_cancel_in_the_mean_gradient_alone():
    model, groups = chain()
    x = pairs()[0][0][:1]
    batches = [(torch.cat([x, x]), torch.tensor([1.0, -1.0], dtype=torch.float64))]

    def pull(output, targets):
        return output.sum(dim=1) * targets

    mean, sample = (
        score_groups(model, groups, Taylor(gradient=way), batches=batches, task=pull)["first"]
        for way in ("mean", "sample")
    )
    assert mean.max() < 1e-20
    assert sample.min() > 0


def test_a_task_gives_what_its_loss_gives():
    model, groups = chain()
    task = Classification(Schema("pictures", "classification", (2, 4, 4), classes=("a", "b", "c")))
    batches = [Batch(inputs, targets, torch.arange(len(inputs))) for inputs, targets in pairs()]
    found = score_groups(model, groups, "taylor", batches=batches, task=task)
    expected = score(model, groups)
    for name in found:
        torch.testing.assert_close(found[name], expected[name])


def test_frozen_weights_are_scored_and_stay_frozen():
    model, groups = chain()
    expected = score(model, groups)["first"]
    model.requires_grad_(False)
    assert torch.equal(score(model, groups)["first"], expected)
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("option", [{"measure": "cubed"}, {"gradient": "batch"}, {"weights": "all"}])
def test_unknown_options_are_named(option):
    ((name, value),) = option.items()
    with pytest.raises(InputError, match=f"unknown {name} '{value}'"):
        Taylor(**option)
