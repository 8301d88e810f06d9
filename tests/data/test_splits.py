"""Tests of burnish.data.splits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.data.options import DataOptions
from burnish.data.source import TensorSource
from burnish.data.splits import complete_splits, split_indices


@given(
    count=st.integers(1, 200),
    shares=st.lists(st.floats(0, 0.45), min_size=1, max_size=2),
    seed=st.integers(0, 5),
    classes=st.integers(0, 6),
)
def test_every_sample_is_in_exactly_one_part_and_every_class_keeps_a_training_sample(count, shares, seed, classes):
    labels = torch.randint(classes, (count,), generator=torch.Generator().manual_seed(seed)) if classes else None
    parts = split_indices(count, *shares, seed=seed, labels=labels)
    assert torch.cat(parts).sort().values.tolist() == list(range(count))
    if labels is not None:
        assert set(labels[parts[0]].tolist()) == set(labels.tolist())
    assert len(parts[0]) > 0


def test_parts_hold_their_share_of_every_class():
    labels = torch.tensor([0] * 700 + [1] * 200 + [2] * 100)
    for part, share in zip(split_indices(1000, 0.1, 0.2, seed=0, labels=labels), (0.7, 0.1, 0.2), strict=True):
        assert torch.bincount(labels[part]).tolist() == [round(700 * share), round(200 * share), round(100 * share)]


def test_parts_have_their_size_when_classes_do_not_divide():
    labels = torch.arange(30) % 10  # three of each: a fifth of three is no whole number
    _, validation, test = split_indices(30, 0.1, 0.2, seed=0, labels=labels)
    assert (len(validation), len(test)) == (3, 6)


def test_the_split_is_a_function_of_the_seed():
    one, same, other = (split_indices(100, 0.3, seed=seed)[1].tolist() for seed in (0, 0, 1))
    assert one == same != other


def test_a_share_above_zero_gets_a_sample():
    assert [len(part) for part in split_indices(4, 0.1, 0.1, seed=0)] == [2, 1, 1]
    assert [len(part) for part in split_indices(4, 0.0, 0.1, seed=0)] == [3, 0, 1]


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_a_share_out_of_range_is_named(share):
    with pytest.raises(InputError, match=rf"a share of the data must lie in \[0, 1\), got {share}"):
        split_indices(10, share, seed=0)


def test_shares_that_leave_nothing_are_named():
    with pytest.raises(InputError, match=r"the shares held out, 0\.5 \+ 0\.5, leave nothing to train on"):
        split_indices(10, 0.5, 0.5, seed=0)


def test_labels_must_match_the_samples():
    with pytest.raises(InputError, match="3 samples came with 2 labels to split by"):
        split_indices(3, 0.1, seed=0, labels=torch.tensor([0, 1]))


def test_missing_splits_are_taken_from_train_with_every_class():
    train = TensorSource(torch.arange(100.0), torch.arange(100) % 5)
    test = TensorSource(torch.arange(7.0), torch.arange(7) % 5)
    rest, validation, same = complete_splits({"train": train, "test": test}, DataOptions(), 0)
    assert same is test
    assert (len(rest), len(validation)) == (90, 10)
    assert torch.bincount(validation.labels()).tolist() == [2] * 5
    assert [len(part) for part in complete_splits({"train": train}, DataOptions(), 0)] == [70, 10, 20]


def test_a_share_of_zero_leaves_the_split_empty():
    train = TensorSource(torch.arange(10.0), torch.zeros(10).long())
    assert [len(s) for s in complete_splits({"train": train}, DataOptions(validation=0.0, test=0.0), 0)] == [10, 0, 0]


def test_a_share_for_a_split_that_is_there_is_refused():
    train = TensorSource(torch.arange(10.0))
    with pytest.raises(InputError, match=r"the data has a test split of its own: leave out test=0\.3"):
        complete_splits({"train": train, "test": train}, DataOptions(test=0.3), 0)
