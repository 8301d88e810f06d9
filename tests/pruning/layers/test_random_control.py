"""Tests of burnish.pruning.layers.random_control."""

import statistics

import pytest

from burnish.pruning.layers.block import Block
from burnish.pruning.layers.random_control import random_control

BLOCKS = [Block(f"layer.{number}", "Block", 9, (1, 3), True) for number in range(400)]


def test_a_seed_gives_the_same_scores_and_another_seed_others():
    assert random_control(BLOCKS, 3) == random_control(BLOCKS, 3)
    assert random_control(BLOCKS, 3) != random_control(BLOCKS, 4)


def test_scores_are_uniform():
    scores = list(random_control(BLOCKS).values())
    assert 0 <= min(scores) < max(scores) < 1
    assert statistics.fmean(scores) == pytest.approx(0.5, abs=0.058)  # 4 standard errors


def test_a_block_draws_the_same_whatever_else_there_is():
    assert random_control(BLOCKS[7:8])["layer.7"] == random_control(BLOCKS)["layer.7"]
