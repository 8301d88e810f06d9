"""Tests of burnish.diagnosis.data.samples."""

import numpy as np
import torch

from burnish.data.loading import load
from burnish.diagnosis.data.samples import batches, samples_of


def images():
    x = torch.arange(6 * 3 * 4 * 4).reshape(6, 3, 4, 4).remainder(256).to(torch.uint8)
    return load({"train": (x[:4], torch.tensor([0, 1, 0, 1])), "test": (x[4:], torch.tensor([1, 0]))}, validation=0)


def test_splits_and_labels_come_in_order():
    samples = samples_of(images())
    assert samples.counts() == {"train": 4, "test": 2}
    assert samples.splits.tolist() == [0, 0, 0, 0, 2, 2]
    assert samples.labels.tolist() == [0, 1, 0, 1, 1, 0]


def test_a_place_names_split_class_and_number():
    place = samples_of(images()).place(4)
    assert (place.split, place.label, place.number, place.name) == ("test", "1", 4, "test 0")


def test_a_picture_has_the_pixels_of_its_sample():
    data = images()
    picture = samples_of(data).picture(5)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture.transpose(2, 0, 1), data.test.inputs[1].numpy())


def test_batches_hold_all_samples_in_the_same_order():
    data = load("iris")
    targets = np.concatenate([part for _, part in batches(data)])
    assert np.array_equal(targets, samples_of(data).labels)


def test_regression_has_no_labels():
    assert set(samples_of(load("diabetes")).labels.tolist()) == {-1}
