"""Pruning beside torch-pruning: where both do the same, and where it does something else than it says."""

import copy
import itertools
import warnings

import pytest
import torch
from torch import nn

from burnish.models import count, create
from burnish.pruning.criteria import score_groups
from burnish.pruning.filters.prune import prune_filters

pytestmark = pytest.mark.peer
CLASSES = 10
MODELS = ["vgg11-bn", "resnet18", "mobilenet-v2", "densenet-40-12"]


@pytest.fixture(scope="module")
def peer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch_pruning")


def example(side=32):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def cut_by_burnish(model, criterion="l2", ratio=0.5):
    return prune_filters(
        model, example(), lambda module, groups: score_groups(module, groups, criterion), ratio=ratio, round_to=1
    ).model


def cut_by_peer(peer, model, importance, ratio=0.5):
    """All layers but the last lose channels."""
    model = copy.deepcopy(model)
    last = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.pruner.BasePruner(
            model,
            example(),
            importance=importance,
            pruning_ratio=ratio,
            ignored_layers=[last],
            in_channel_groups={},
            out_channel_groups={},
        ).step()
    return model


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def two_layers(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.ReLU(), nn.Conv2d(16, 4, 1)).eval()


def kept_filters(whole, cut):
    """Numbers of the filters of the first layer that are still there."""
    return {
        number
        for number, weights in enumerate(whole[0].weight)
        if any(torch.equal(weights, other) for other in cut[0].weight)
    }


def nearest_the_median(filters, number):
    """The filters with the smallest sums of distances to all others, by torch's own distances of the raw filters."""
    rows = filters.detach().double().flatten(1)
    return set(torch.cdist(rows, rows).sum(dim=1).argsort()[:number].tolist())


def test_the_geometric_median_takes_the_filters_of_cdist_every_time_and_torch_pruning_takes_others(peer):
    differing = 0
    for seed in range(20):
        model = two_layers(seed)
        wanted = set(range(16)) - nearest_the_median(model[0].weight, 4)
        ours = cut_by_burnish(model, "geometric-median", 0.25)
        assert kept_filters(model, ours) == wanted
        theirs = cut_by_peer(peer, model, peer.importance.FPGMImportance(), 0.25)
        assert len(kept_filters(model, theirs)) == 12
        differing += kept_filters(model, theirs) != wanted
    assert differing >= 15


def test_a_plain_vgg_keeps_the_multiply_adds_that_torch_pruning_leaves(peer):
    model = create("vgg11", CLASSES, 3, 32).eval()
    ours = cut_by_burnish(model)
    theirs = cut_by_peer(peer, model, peer.importance.GroupMagnitudeImportance(p=2))
    macs, _ = peer.utils.count_ops_and_params(ours, example()[:1])
    assert count(ours, example()[:1]).macs == count(theirs, example()[:1]).macs < 0.3 * count(model, example()[:1]).macs
    assert macs == pytest.approx(count(ours, example()[:1]).macs, rel=0.01)  # theirs counts biases as well


@pytest.mark.parametrize(("name", "ratio"), [*itertools.product(MODELS, (0.25, 0.5)), ("efficientnet-b0", 0.5)])
def test_as_many_parameters_remain_as_torch_pruning_leaves(peer, name, ratio):
    model = create(name, CLASSES, 3, 32).eval()
    ours = cut_by_burnish(model, ratio=ratio)
    theirs = cut_by_peer(peer, model, peer.importance.GroupMagnitudeImportance(p=2), ratio)
    assert parameters(ours) == parameters(theirs) < parameters(model)
