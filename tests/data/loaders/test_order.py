"""Tests of burnish.data.loaders.order."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.data.loaders.order import batch_bounds, epoch_order, rank_bounds


def test_the_order_is_a_function_of_its_arguments_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    assert torch.equal(epoch_order(100, 3, 5), epoch_order(100, 3, 5))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_epoch_and_every_seed_has_its_own_order():
    orders = {tuple(epoch_order(50, seed, epoch).tolist()) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_an_order_holds_every_sample_once():
    assert epoch_order(1000, 0, 0).sort().values.tolist() == list(range(1000))


def test_without_shuffling_the_order_is_the_natural_one():
    assert epoch_order(7, 1, 2, shuffle=False).tolist() == list(range(7))


@given(count=st.integers(1, 300), batch_size=st.integers(1, 70), ranks=st.integers(1, 5))
def test_batches_cover_every_sample_exactly_once(count, batch_size, ranks):
    bounds = batch_bounds(count, batch_size, ranks)
    assert [number for start, stop in bounds for number in range(start, stop)] == list(range(count))


@given(count=st.integers(1, 300), ranks=st.integers(1, 5), more=st.integers(0, 60))
def test_no_rank_is_left_without_two_samples(count, ranks, more):
    bounds = batch_bounds(count, 2 * ranks + more, ranks)
    if count >= 2 * ranks:
        for start, stop in bounds:
            parts = [rank_bounds(start, stop, rank, ranks) for rank in range(ranks)]
            assert min(b - a for a, b in parts) >= 2


def test_batches_of_one_stay_batches_of_one():
    assert batch_bounds(4, 1) == [(0, 1), (1, 2), (2, 3), (3, 4)]


@given(start=st.integers(0, 50), size=st.integers(0, 100), ranks=st.integers(1, 7))
def test_ranks_share_a_batch_evenly_and_in_order(start, size, ranks):
    parts = [rank_bounds(start, start + size, rank, ranks) for rank in range(ranks)]
    assert parts[0][0] == start
    assert parts[-1][1] == start + size
    assert all(one[1] == other[0] for one, other in itertools.pairwise(parts))
    sizes = [b - a for a, b in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_batch_size_below_one_is_refused():
    with pytest.raises(InputError, match="batch_size must be at least 1, got 0"):
        batch_bounds(10, 0)
