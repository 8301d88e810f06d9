"""Tests of burnish.pruning.filters.prune."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.filters.prune import prune_filters
from burnish.pruning.graph.surgery import replay_

EXAMPLE = torch.zeros(2, 3, 32, 32)


def by_first_weight(model, groups):
    """The L1 norm of what makes each channel."""
    named = dict(model.named_parameters())
    scores = {}
    for group in groups:
        parts = [part for part in group.slices if part.role == "produces"]
        flat = [named[p.tensor].detach().abs().movedim(p.dim, 0).flatten(1).sum(1)[p.index].sum(1) for p in parts]
        scores[group.name] = torch.stack(flat).sum(0)
    return scores


def test_a_cut_copy_runs_and_the_model_is_as_it_was():
    model = create("resnet20", 10).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pruned = prune_filters(model, EXAMPLE, by_first_weight, ratio=0.5)
    assert pruned.model(EXAMPLE).shape == (2, 10)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert sum(p.numel() for p in pruned.model.parameters()) < 0.45 * sum(p.numel() for p in model.parameters())
    assert all(layer.after == layer.before / 2 for layer in pruned.layers if layer.before >= 16)


def test_the_steps_rebuild_the_shapes_on_a_fresh_model():
    model = create("resnet20", 10).eval()
    pruned = prune_filters(model, EXAMPLE, by_first_weight, target=("macs", 0.5), scope="global")
    fresh = create("resnet20", 10).eval()
    replay_(fresh, pruned.steps)
    fresh.load_state_dict(pruned.model.state_dict())
    image = torch.rand(2, 3, 32, 32)
    assert torch.equal(fresh(image), pruned.model(image))


def test_a_pruned_model_is_pruned_again():
    once = prune_filters(create("resnet20", 10).eval(), EXAMPLE, by_first_weight, ratio=0.5).model
    twice = prune_filters(once, EXAMPLE, by_first_weight, ratio=0.5, round_to=1).model
    assert twice(EXAMPLE).shape == (2, 10)
    sizes = [sum(p.numel() for p in model.parameters()) for model in (once, twice)]
    assert sizes[1] < 0.45 * sizes[0]


def test_the_report_is_plain():
    import json

    pruned = prune_filters(create("resnet20", 10).eval(), EXAMPLE, by_first_weight, ratio=0.5)
    told = json.loads(json.dumps(pruned.report()))
    assert told["ratio"] == 0.5
    assert {"name", "before", "after"} == set(told["layers"][0])


def test_what_cannot_be_is_one_line():
    model = create("resnet20", 10).eval()
    with pytest.raises(InputError, match="give a ratio of channels, or a target"):
        prune_filters(model, EXAMPLE, by_first_weight)
    with pytest.raises(InputError, match="give a ratio of channels, or a target"):
        prune_filters(model, EXAMPLE, by_first_weight, ratio=0.5, target=("macs", 0.5))
    with pytest.raises(
        InputError, match=r"nothing would be removed: 0.01 of 16 to 64 channels, rounded up to multiples"
    ):
        prune_filters(model, EXAMPLE, by_first_weight, ratio=0.01)
    with pytest.raises(
        InputError, match="nothing can be removed from Linear: all its channels are those of its inputs"
    ):
        prune_filters(nn.Linear(4, 2), torch.zeros(1, 4), by_first_weight, ratio=0.5)
    net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    with pytest.raises(InputError, match="every layer that could be narrowed is in ignore"):
        prune_filters(net, torch.zeros(1, 4), by_first_weight, ratio=0.5, ignore=["0"])


def test_heads_are_told_with_their_width():
    model = nn.Sequential(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), nn.Linear(16, 2))
    found = prune_filters(model, torch.rand(2, 5, 16), by_first_weight, ratio=0.5, round_to=1)
    told = {layer.name: (layer.before, layer.after) for layer in found.layers}
    assert told == {"0.self_attn": (48, 24), "0.linear1": (32, 16)}  # query, key and value of 4 heads, 4 wide
    assert found.model[0].self_attn.in_proj_weight.shape == (24, 16)


def test_a_target_is_reported_with_what_it_came_to():
    pruned = prune_filters(create("resnet20", 10), EXAMPLE, by_first_weight, target=("macs", 0.5))
    assert pruned.target is not None
    assert pruned.target[0] == "macs"
    assert 0.4 < pruned.target[1] <= 0.5
