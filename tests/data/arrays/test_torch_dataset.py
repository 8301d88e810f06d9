"""Tests of burnish.data.arrays.torch_dataset."""

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from burnish.common.errors import InputError
from burnish.data.arrays.torch_dataset import DatasetSource, is_dataset, load_datasets
from burnish.data.options import DataOptions
from burnish.data.source import TensorSource


class Photos(Dataset):
    """Small images with labels, as a user would write them."""

    def __init__(self, count=30, target=lambda n: n % 3):
        self.count, self.target, self.read = count, target, []

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        if number >= self.count:
            raise IndexError
        self.read.append(number)
        return torch.full((1, 2, 2), number / self.count), self.target(number)


class Labelled(Photos):
    classes = ["ant", "bee", "cat"]

    @property
    def targets(self):
        return [self.target(number) for number in range(self.count)]


def load(given, **options):
    return load_datasets(given, DataOptions(**options), 0)


def test_samples_are_read_when_they_are_asked_for():
    photos = Labelled()
    data = load(photos)
    assert set(photos.read) == {0}
    assert (data.schema.kind, data.schema.input_shape, data.schema.classes) == (
        "image",
        (1, 2, 2),
        ("ant", "bee", "cat"),
    )
    assert [len(split) for split in (data.train, data.validation, data.test)] == [21, 3, 6]
    assert torch.bincount(data.test.labels()).tolist() == [2, 2, 2]
    inputs, targets = data.test.gather(torch.tensor([0, 5]))
    assert inputs.shape == (2, 1, 2, 2)
    numbers = (inputs[:, 0, 0, 0] * 30).round().long()
    assert torch.equal(targets, numbers % 3)


def test_targets_that_are_not_kept_are_read_once_and_said():
    data = load(Photos())
    assert any(note.startswith("read all 30 samples once") for note in data.notes)
    assert data.schema.classes == ("0", "1", "2")


@pytest.mark.parametrize("kind", [float, torch.tensor, np.float64])
def test_numbers_of_any_type_are_predicted(kind):
    data = load(Photos(target=lambda n: kind(n / 2)))
    assert data.schema.goal == "regression"
    assert data.train.gather(torch.tensor([0]))[1].dtype == torch.float32


def test_a_subset_takes_the_targets_of_its_parent():
    whole = Labelled()
    data = load(Subset(whole, [0, 3, 1, 4]), validation=0.0, test=0.25)
    assert set(whole.read) == {0}
    assert sorted(data.train.labels().tolist() + data.test.labels().tolist()) == [0, 0, 1, 1]


def test_data_sets_by_split_are_kept():
    data = load({"train": Labelled(20), "val": Labelled(5), "test": Labelled(6)})
    assert [len(split) for split in (data.train, data.validation, data.test)] == [20, 5, 6]


def test_a_tensor_data_set_stays_in_memory():
    data = load(TensorDataset(torch.randn(20, 2), torch.arange(20) % 2), validation=0.0, test=0.0)
    assert data.train.in_memory
    assert data.schema.kind == "table"
    assert load(TensorDataset(torch.randn(20, 2))).schema.kind == "points"
    assert not isinstance(load(Labelled()).train, TensorSource)


def test_bytes_become_floats_and_lone_inputs_their_own_targets():
    class Bytes(Photos):
        def __getitem__(self, number):
            return torch.full((1, 2, 2), number, dtype=torch.uint8)

    data = load(Bytes(3), validation=0.0, test=0.0)
    assert data.schema.goal == "generation"
    inputs, targets = data.train.gather(torch.tensor([2]))
    assert inputs.flatten().tolist() == pytest.approx([2 / 255] * 4)
    assert torch.equal(inputs, targets)


def test_random_samples_are_drawn_without_touching_the_global_generator():
    class Noisy(Labelled):
        def __getitem__(self, number):
            return torch.rand(1, 2, 2), number % 3

    before = torch.get_rng_state()
    assert load(Noisy()).train.draws
    assert torch.equal(torch.get_rng_state(), before)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


class Ragged(Labelled):
    def __getitem__(self, number):
        return torch.zeros(1, number + 1, 2), 0


class Bright(Labelled):
    def __getitem__(self, number):
        return torch.full((1, 2, 2), 3.0), 0


class Words(Labelled):
    def __getitem__(self, number):
        return "word", 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Stream(), "Stream is not a map-style data set: __len__ and __getitem__ are needed"),
        (Labelled(0), r"the train data set \(Labelled\) is empty"),
        (Bright(), r"images of the data set run from 3 to 3: pixels must lie in \[0, 1\]"),
        (Words(), r"inputs of the data set have list: expected images \(C, H, W\) or rows"),
        ({"test": Labelled()}, "there is no split 'train' among test"),
        ({"dev": Labelled()}, "unknown split 'dev'"),
    ],
)
def test_data_sets_that_cannot_be_used_are_named(given, message):
    with pytest.raises(InputError, match=message):
        load(given)


def test_samples_of_several_shapes_are_named():
    source = DatasetSource(Ragged(), torch.zeros(30).long(), paired=True)
    with pytest.raises(
        InputError, match=r"samples of the data set cannot be stacked .*each must give a tensor of the same"
    ):
        source.gather(torch.tensor([0, 1]))


def test_what_is_a_data_set():
    assert is_dataset(Photos())
    assert is_dataset(Stream())
    assert not any(is_dataset(value) for value in ((1, 2), [1], {"a": 1}, "digits", torch.zeros(2), np.zeros(2), 3))
