"""Tests of burnish.data.shards.order."""

import numpy as np
import torch

from burnish.data.shards.index import ROW
from burnish.data.shards.order import local_order


def rows_of(shards, samples, size=100):
    """So many shards of so many samples of equal size."""
    rows = np.zeros(shards * samples, ROW)
    rows["shard"] = np.repeat(np.arange(shards), samples)
    rows["offset"] = np.tile(np.arange(samples) * size, shards)
    rows["size"] = size
    return rows


def test_every_sample_comes_once_and_the_order_is_that_of_seed_and_epoch():
    rows = rows_of(12, 50)
    order = local_order(rows, 3, 1, window=2000, lanes=4)
    assert order.sort().values.tolist() == list(range(600))
    assert torch.equal(order, local_order(rows, 3, 1, window=2000, lanes=4))
    assert not torch.equal(order, local_order(rows, 3, 2, window=2000, lanes=4))
    assert not torch.equal(order, local_order(rows, 4, 1, window=2000, lanes=4))


def test_reading_stays_within_the_window_and_the_lanes():
    rows = rows_of(40, 100)
    window, lanes = 40_000, 4  # 100 samples in each of four lanes
    order = local_order(rows, 0, 0, window=window, lanes=lanes).numpy()
    for start in range(0, len(order), 200):
        part = rows[order[start : start + 200]]
        # 50 samples further in each lane, plus 100 of the window: at most 3 shards a lane are open at a time
        assert len(set(part["shard"].tolist())) <= 3 * lanes
    seen = np.empty(len(order), np.int64)
    seen[order] = np.arange(len(order))
    for shard in range(40):
        places = seen[rows["shard"] == shard]
        assert places.max() - places.min() <= (100 + 100) * lanes + 20  # from front to back, put off by the window
        halves = places[:50].mean(), places[50:].mean()
        assert halves[0] < halves[1]


def test_lanes_mix_shards_that_hold_one_class_each():
    rows = rows_of(16, 100)
    order = local_order(rows, 0, 0, window=100, lanes=8)
    assert len(set(rows["shard"][order[200:232].numpy()].tolist())) == 8


def test_shards_take_turns_in_another_order_every_epoch():
    rows = rows_of(10, 20)
    firsts = {int(rows["shard"][local_order(rows, 0, epoch, window=100, lanes=1)[0]]) for epoch in range(40)}
    assert len(firsts) == 10  # one is never first with probability 10 * 0.9 ** 40 = 0.15 for other seeds


def test_a_set_within_the_window_is_shuffled_as_a_whole():
    rows = rows_of(2, 5000)
    order = local_order(rows, 0, 0)
    places = torch.arange(10_000.0)
    correlation = torch.corrcoef(torch.stack([places, order.double()]).double())[0, 1]
    assert abs(correlation) < 4 / 10_000**0.5  # 4 standard errors


def test_uneven_shards_come_once_each():
    rows = np.concatenate([rows_of(1, 500), rows_of(1, 3), rows_of(1, 40)])
    rows["shard"] = np.repeat([0, 1, 5], [500, 3, 40])
    assert local_order(rows, 0, 0, window=1000, lanes=2).sort().values.tolist() == list(range(543))
