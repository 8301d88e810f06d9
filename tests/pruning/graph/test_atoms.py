"""Tests of burnish.pruning.graph.atoms."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from burnish.pruning.graph.atoms import Atoms


def same(atoms, one, two):
    return np.array_equal(atoms.resolve(one), atoms.resolve(two))


def test_what_is_united_stays_so_through_a_chain():
    atoms = Atoms()
    first, second, third = (atoms.fresh(5) for _ in range(3))
    atoms.unite(first, second)
    assert not same(atoms, first, third)
    atoms.unite(third, second)
    assert same(atoms, first, third)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_unions_are_those_of_a_graph(pairs):
    atoms = Atoms()
    found = atoms.fresh(20)
    reached = {number: {number} for number in range(20)}
    for one, two in pairs:
        atoms.unite(found[:, [one]], found[:, [two]])
        joined = reached[one] | reached[two]
        for number in joined:
            reached[number] = joined
    roots = atoms.find(found)[0]
    for one in range(20):
        assert {number for number in range(20) if roots[number] == roots[one]} == reached[one]


def test_more_than_the_first_thousand_are_told_apart():
    atoms = Atoms()
    found = atoms.fresh(5000)
    assert len(np.unique(atoms.find(found))) == 5000


def test_what_is_fixed_fixes_what_it_is_united_with():
    atoms = Atoms()
    one, two = atoms.fresh(3), atoms.fresh(3)
    atoms.unite(one, two)
    atoms.fix(one[:, :1])
    assert atoms.resolve(two).tolist()[0][0] == 0
    assert (atoms.resolve(two)[0, 1:] > 0).all()
    atoms.unite(two, None)
    assert atoms.resolve(one) is None


def test_a_channel_that_is_a_product_goes_with_either_factor():
    atoms = Atoms()
    single, rows, columns = atoms.fresh(6), atoms.fresh(2), atoms.fresh(3)
    atoms.unite(single, np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)]))
    found = atoms.resolve(single)
    assert found.shape == (2, 6)
    gone = np.isin(found, [rows[0, 1], columns[0, 0]]).any(axis=0)
    assert gone.tolist() == [True, False, False, True, True, True]


def test_a_product_of_three_has_three_factors():
    atoms = Atoms()
    single, one, two, three = atoms.fresh(8), atoms.fresh(2), atoms.fresh(2), atoms.fresh(2)
    product = np.concatenate([np.repeat(one, 4, axis=1), np.tile(np.repeat(two, 2, axis=1), 2), np.tile(three, 4)])
    atoms.unite(single, product)
    assert [set(column) for column in atoms.resolve(single).T] == [set(column) for column in product.T]


def test_a_factor_that_is_fixed_leaves_the_other():
    atoms = Atoms()
    single, rows, columns = atoms.fresh(6), atoms.fresh(2), atoms.fresh(3)
    atoms.unite(single, np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)]))
    atoms.fix(columns)
    assert atoms.resolve(single).tolist() == np.repeat(rows, 3, axis=1).tolist()


def test_products_that_run_alike_are_united_factor_by_factor():
    atoms = Atoms()
    mine, theirs = ((atoms.fresh(2), atoms.fresh(3)) for _ in range(2))
    grids = [np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)]) for rows, columns in (mine, theirs)]
    atoms.unite(*grids)
    assert same(atoms, mine[0], theirs[0])
    assert same(atoms, mine[1], theirs[1])
    assert not np.isin(atoms.find(mine[0]), atoms.find(mine[1])).any()


def test_products_that_run_across_each_other_become_one():
    atoms = Atoms()
    rows, columns, others = atoms.fresh(2), atoms.fresh(3), atoms.fresh(6)
    grid = np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)])
    atoms.unite(grid, np.concatenate([others, np.tile(atoms.fresh(2), 3)]))
    assert len(np.unique(atoms.find(grid))) == 1


def test_what_is_said_after_a_save_can_be_taken_back():
    atoms = Atoms()
    one, two, single = atoms.fresh(3), atoms.fresh(3), atoms.fresh(9)
    before = atoms.saved()
    atoms.unite(single, np.concatenate([np.repeat(one, 3, axis=1), np.tile(two, 3)]))
    atoms.fix(one)
    atoms.fresh(2000)
    atoms.restore(before)
    assert atoms.count == 16
    assert atoms.resolve(single).tolist() == single.tolist()
    assert (atoms.find(one) == one).all()
    assert (atoms.fresh(1) == 16).all()


def test_a_channel_that_is_itself_times_another_lets_the_other_never_go():
    atoms = Atoms()
    rows, columns = atoms.fresh(2), atoms.fresh(3)
    grid = np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)])
    atoms.unite(np.repeat(rows, 3, axis=1), grid)
    assert atoms.resolve(columns) is None
    assert atoms.resolve(rows).tolist() == rows.tolist()
