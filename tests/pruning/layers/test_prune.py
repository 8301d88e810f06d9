"""Tests of burnish.pruning.layers.prune."""

import copy

import pytest
import torch
from tests.pruning.layers.residual_nets import Residual, ResidualNet, Watched, batches, mixed, per_sample, trained
from tests.pruning.layers.test_removing import bypassing
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers.finding import removable_blocks
from burnish.pruning.layers.prune import prune_layers
from burnish.pruning.layers.removing import PassThrough, replay_blocks_
from burnish.pruning.layers.scoring import score_blocks

POINT = torch.zeros(1, 2)
IMAGE = torch.zeros(1, 3, 16, 16)


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("criterion", ["discriminative", "loss", "similarity"])
@pytest.mark.parametrize("greedy", [False, True])
def test_the_block_that_does_nothing_goes_and_the_answers_stay(criterion, greedy):
    net = trained(idle=2)
    points = batches()[0][0]
    before = net(points)
    found = prune_layers(net, POINT, criterion, ratio=0.34, batches=batches(), task=per_sample, greedy=greedy)
    assert found.removed == ("blocks.2",)
    assert torch.equal(net(points), before)
    assert found.parameters_after == size(net) < found.parameters_before


def test_the_lowest_scores_go_in_their_order():
    net = trained(blocks=5, steps=40)
    scores = score_blocks(net, removable_blocks(net, POINT), "loss", batches=batches(), task=per_sample)
    points = batches()[0][0]
    lowest = sorted(scores, key=scores.get)[:3]
    expected = bypassing(net, lowest, points)
    found = prune_layers(net, POINT, "loss", ratio=0.6, batches=batches(), task=per_sample)
    assert list(found.removed) == lowest
    assert found.scores == scores
    assert torch.equal(net(points), expected)


def test_greedy_scores_again_after_each_removal():
    net = nn.Sequential(nn.Linear(2, 8), *(Residual(8) for _ in range(4)), nn.Linear(8, 1))
    seen = []

    def fewest(model, blocks):
        gone = [name for name, module in model.named_modules() if isinstance(module, PassThrough)]
        seen.append((gone, [block.name for block in blocks]))
        return {block.name: -float(block.name) for block in blocks}

    found = prune_layers(net, POINT, fewest, ratio=0.5, greedy=True)
    assert found.removed == ("4", "3")
    assert seen == [([], ["1", "2", "3", "4"]), (["4"], ["1", "2", "3"])]


def test_batches_that_can_be_gone_through_once_serve_greedy_pruning():
    found = prune_layers(ResidualNet(), POINT, "similarity", ratio=0.7, batches=iter(batches()), greedy=True)
    assert len(found.removed) == 2


@pytest.mark.parametrize("share", [0.9, 0.6, 0.3])
def test_a_share_of_the_parameters_is_reached_with_as_few_blocks_as_the_order_allows(share):
    model = create("resnet20", 10, 3, 16)
    whole = size(model)
    found = prune_layers(model, IMAGE, "random", parameters=share)
    assert size(model) == found.parameters_after <= share * whole
    last = next(block for block in found.blocks if block.name == found.removed[-1])
    assert found.parameters_after + last.parameters > share * whole


def test_steps_rebuild_the_structure_so_that_the_weights_load():
    model = create("resnet20", 10, 3, 16)
    found = prune_layers(model, IMAGE, "random", ratio=0.5, seed=1)
    fresh = create("resnet20", 10, 3, 16)
    replay_blocks_(fresh, found.steps)
    fresh.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 16, 16)
    assert torch.equal(fresh.eval()(images), model.eval()(images))


def test_a_pruned_model_can_be_pruned_again():
    model = create("resnet20", 10, 3, 16)
    first = prune_layers(model, IMAGE, "random", ratio=0.5)
    second = prune_layers(model, IMAGE, "random", ratio=0.5)
    assert not set(first.removed) & {block.name for block in second.blocks}
    fresh = create("resnet20", 10, 3, 16)
    replay_blocks_(fresh, first.steps)
    replay_blocks_(fresh, second.steps)
    fresh.load_state_dict(model.state_dict())


def test_what_stays_is_as_it_was():
    model = mixed(create("resnet20", 10, 3, 16))
    images, labels = torch.randn(6, 3, 16, 16), torch.arange(6) % 2
    kept = {name: (id(p), p.requires_grad, id(p.grad)) for name, p in model.named_parameters()}
    state = copy.deepcopy(model.state_dict())
    modes = {name: module.training for name, module in model.named_modules()}
    generator = torch.get_rng_state()
    prune_layers(model, IMAGE, "discriminative", ratio=0.3, batches=[(images, labels)])
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(module.training == modes[name] for name, module in model.named_modules())
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert all((id(p), p.requires_grad, id(p.grad)) == kept[name] for name, p in model.named_parameters())


def test_seeds_choose_other_blocks():
    chosen = {prune_layers(ResidualNet(blocks=8), POINT, "random", ratio=0.5, seed=s).removed for s in range(3)}
    assert len(chosen) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give ratio, a share of the blocks that goes, or parameters"),
        ({"ratio": 0.5, "parameters": 0.5}, "one of the two"),
        ({"ratio": 1.0}, r"ratio must lie in \(0, 1\), got 1"),
        ({"parameters": 0.0}, r"parameters must lie in \(0, 1\), got 0"),
        ({"ratio": 0.01}, r"a ratio of 0.01 of 7 blocks is none: 0.14 takes out one"),
        ({"ratio": 0.95}, r"would remove all 7 removable blocks: at most 0.86 can go"),
        (
            {"parameters": 0.01},
            r"0.01 of the 269,722 parameters cannot be reached: with 6 of 7",
        ),
        ({"ratio": 0.5, "ignore": ["layer1", "layer2", "layer3"]}, "every block of CifarResNet is in ignore"),
    ],
)
def test_targets_that_cannot_be_are_refused_and_the_model_stays(options, message):
    model = create("resnet20", 10, 3, 16)
    watched = Watched(model)
    with pytest.raises(InputError, match=message):
        prune_layers(model, IMAGE, "random", **options)
    watched.check()


def test_the_limit_that_is_named_can_be_reached():
    model = create("resnet20", 10, 3, 16)
    with pytest.raises(InputError) as caught:
        prune_layers(model, IMAGE, "random", parameters=0.01)
    limit = float(str(caught.value).split(" gone ")[1].split()[0])
    assert len(prune_layers(model, IMAGE, "random", parameters=limit + 1e-4).removed) == 6


def test_a_model_without_blocks_is_refused_with_its_largest_modules():
    with pytest.raises(InputError, match=r"no block of DenseNet can be replaced by its input: .*denseblock3.* turns"):
        prune_layers(create("densenet121", 10, 3, 32), torch.zeros(1, 3, 32, 32), "random", ratio=0.5)


def test_the_only_block_has_to_be_taken_out_by_name():
    with pytest.raises(InputError, match=r"'blocks' is the only block|'blocks.0' is the only block"):
        prune_layers(ResidualNet(blocks=1), POINT, "random", ratio=0.5)


def test_a_pruned_model_learns():
    torch.manual_seed(0)
    net = trained(blocks=5, steps=40)
    prune_layers(net, POINT, "similarity", ratio=0.6, batches=batches())
    points, labels = (torch.cat(parts) for parts in zip(*batches(), strict=True))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    before = per_sample(net(points), labels).mean().item()
    for _ in range(60):
        optimizer.zero_grad()
        per_sample(net(points), labels).mean().backward()
        optimizer.step()
    assert per_sample(net(points), labels).mean().item() < 0.5 * before
