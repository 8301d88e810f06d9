"""Tests of burnish.pruning.graph.rules.reshaping."""

import numpy as np
import pytest

from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.rules.reshaping import merged, reshaped, split


def test_flattening_repeats_a_channel_for_each_of_its_positions():
    atoms = Atoms()
    channels = atoms.fresh(3)
    (batch, flat) = reshaped(atoms, (None, channels, None, None), (2, 3, 2, 2), (2, 12))
    assert batch is None
    assert flat.tolist() == np.repeat(channels, 4, axis=1).tolist()


def test_what_was_flattened_comes_back():
    atoms = Atoms()
    channels = atoms.fresh(3)
    flat = reshaped(atoms, (None, channels, None), (2, 3, 4), (2, 12))
    back = reshaped(atoms, flat, (2, 12), (2, 3, 4))
    assert back[0] is None
    assert back[2] is None
    assert np.array_equal(back[1], channels)


def test_a_split_makes_a_product_and_merging_it_gives_the_same_channels():
    atoms = Atoms()
    channels = atoms.fresh(6)
    rows, columns = split(atoms, channels, (2, 3))
    assert rows.shape == (1, 2)
    assert columns.shape == (1, 3)
    assert np.array_equal(atoms.resolve(merged(atoms, [rows, columns], (2, 3))), atoms.resolve(channels))


def test_two_splits_of_one_dimension_are_one():
    atoms = Atoms()
    channels = atoms.fresh(6)
    (rows, columns), (again, others) = split(atoms, channels, (2, 3)), split(atoms, channels, (2, 3))
    assert np.array_equal(atoms.resolve(rows), atoms.resolve(again))
    assert np.array_equal(atoms.resolve(columns), atoms.resolve(others))


def test_sizes_of_one_come_and_go():
    atoms = Atoms()
    channels = atoms.fresh(4)
    found = reshaped(atoms, (None, channels), (2, 4), (1, 2, 1, 4))
    assert [None if dim is None else dim.tolist() for dim in found] == [None, None, None, channels.tolist()]


def test_an_empty_tensor_keeps_nothing_free():
    atoms = Atoms()
    channels = atoms.fresh(4)
    assert reshaped(atoms, (None, channels), (0, 4), (4, 0)) == (None, None)
    assert atoms.resolve(channels) is None


@pytest.mark.parametrize("shape", [(2, 3, 4), (6, 4), (24,), (4, 6), (3, 8)])
def test_the_number_of_positions_is_kept(shape):
    atoms = Atoms()
    found = reshaped(atoms, (atoms.fresh(2), atoms.fresh(3), atoms.fresh(4)), (2, 3, 4), shape)
    assert [dim.shape[1] for dim in found] == list(shape)
