"""Tests of burnish.diagnosis.data.groups."""

import numpy as np

from burnish.diagnosis.data.groups import equal_groups, joined_groups


def test_keys_that_occur_once_make_no_group():
    assert equal_groups(np.array([3, 1, 2])) == []
    assert equal_groups(np.empty(0, np.uint64)) == []


def test_equal_keys_make_a_group_in_order():
    assert [group.tolist() for group in equal_groups(np.array([9, 1, 9, 1, 9]))] == [[0, 2, 4], [1, 3]]


def test_pairs_join_to_chains():
    pairs = np.array([[5, 6], [0, 1], [6, 7], [1, 9]])
    assert [group.tolist() for group in joined_groups(pairs)] == [[0, 1, 9], [5, 6, 7]]
    assert joined_groups(np.empty((0, 2), np.int64)) == []
