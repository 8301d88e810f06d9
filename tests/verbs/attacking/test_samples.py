"""Tests of burnish.verbs.attacking.samples."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import load
from burnish.verbs.attacking.samples import drawn


def test_the_same_seed_draws_the_same_samples_and_another_draws_others():
    data = load("digits")
    one, same, other = (drawn(data, "test", 20, seed, whole=False) for seed in (3, 3, 4))
    assert torch.equal(one.inputs, same.inputs)
    assert not torch.equal(one.inputs, other.inputs)
    assert len(one) == len(set(one.names)) == 20


def test_a_sample_keeps_its_label_and_its_name():
    data = load("digits")
    found = drawn(data, "test", 5, 0, whole=False)
    names = [data.test.describe(number) for number in range(len(data.test))]
    places = torch.tensor([names.index(name) for name in found.names])
    inputs, labels = data.test.gather(places)
    assert torch.equal(found.inputs, inputs)
    assert torch.equal(found.labels, labels)


def test_a_split_that_has_fewer_gives_all_of_them():
    data = load("digits")
    assert len(drawn(data, "test", 10_000, 0, whole=False)) == len(data.test)
    every = drawn(data, "all", 10_000, 0, whole=True)
    assert len(every) == len(data.train) + len(data.validation) + len(data.test)


def test_samples_are_parted_in_their_order():
    found = drawn(load("digits"), "test", 10, 0, whole=False)
    first, others = found.parted(4)
    assert (len(first), len(others)) == (4, 6)
    assert torch.equal(torch.cat([first.inputs, others.inputs]), found.inputs)
    assert first.names + others.names == found.names


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="samples must be at least 1, got 0"):
        drawn(load("digits"), "test", 0, 0, whole=False)
    with pytest.raises(InputError, match="attack works on classifiers of images so far, and diabetes is table data"):
        drawn(load("diabetes"), "test", 5, 0, whole=False)
    with pytest.raises(InputError, match="--split all is for other data"):
        drawn(load("digits"), "all", 5, 0, whole=False)
