"""Tests of burnish.pruning.layers.scoring."""

import pytest
import torch
from tests.pruning.layers.residual_nets import ResidualNet, Watched, batches, mixed, per_sample, trained

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers.finding import removable_blocks
from burnish.pruning.layers.scoring import CRITERIA, score_blocks

POINT = torch.zeros(1, 2)


@pytest.mark.parametrize("criterion", ["discriminative", "loss", "similarity"])
def test_every_criterion_that_looks_at_data_finds_the_block_that_does_nothing(criterion):
    net = trained(idle=1)
    scores = score_blocks(net, removable_blocks(net, POINT), criterion, batches=batches(), task=per_sample)
    assert min(scores, key=scores.get) == "blocks.1"


@pytest.mark.parametrize("criterion", CRITERIA)
def test_scoring_leaves_the_model_as_it_was(criterion):
    model = mixed(create("resnet20", 10, 3, 16))
    draws = torch.Generator().manual_seed(0)
    images, labels = torch.randn(6, 3, 16, 16, generator=draws), torch.arange(6) % 2
    blocks = removable_blocks(model, images[:1])
    watched = Watched(model)
    scores = score_blocks(model, blocks, criterion, batches=[(images, labels)], task=per_sample)
    watched.check()
    assert set(scores) == {block.name for block in blocks}
    assert len(set(scores.values())) > 1


def test_a_function_of_model_and_blocks_is_a_criterion():
    net = ResidualNet()
    blocks = removable_blocks(net, POINT)
    assert score_blocks(net, blocks, lambda model, found: {b.name: len(b.name) for b in found}) == {
        "blocks.0": 8.0,
        "blocks.1": 8.0,
        "blocks.2": 8.0,
    }


def test_unknown_criteria_are_named():
    net = ResidualNet()
    with pytest.raises(InputError, match=r"unknown criterion for blocks 'similar' \(did you mean 'similarity'\?\)"):
        score_blocks(net, removable_blocks(net, POINT), "similar")


@pytest.mark.parametrize(
    ("criterion", "given", "message"),
    [
        ("similarity", {}, "'similarity' looks at data, and batches is missing: pass batches="),
        ("discriminative", {}, "'discriminative' looks at data, and batches is missing"),
        ("loss", {"batches": batches()}, "'loss' looks at the loss on data, and task is missing"),
        ("loss", {}, "and batches and task is missing"),
    ],
)
def test_data_that_a_criterion_lacks_are_asked_for(criterion, given, message):
    net = ResidualNet()
    with pytest.raises(InputError, match=message):
        score_blocks(net, removable_blocks(net, POINT), criterion, **given)


def test_scores_that_are_no_numbers_are_refused():
    net = ResidualNet()
    torch.nn.init.constant_(net.blocks[1].first.weight, torch.nan)
    with pytest.raises(InputError, match=r"'similarity' gave nan for block 'blocks.1': look for NaN"):
        score_blocks(net, removable_blocks(net, POINT), "similarity", batches=batches())


def test_a_missing_score_is_named():
    net = ResidualNet()
    with pytest.raises(InputError, match=r"gave no score for block 'blocks.0'"):
        score_blocks(net, removable_blocks(net, POINT), lambda model, blocks: {})


def test_no_blocks_cannot_be_scored():
    with pytest.raises(InputError, match="there are no blocks to score"):
        score_blocks(ResidualNet(), [], "random")
