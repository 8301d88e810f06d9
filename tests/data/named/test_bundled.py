"""Tests of burnish.data.named.bundled."""

import pytest
import torch

from burnish.data.named.bundled import read_bundled
from burnish.data.named.catalogue import entry

BUNDLED = ["digits", "iris", "wine", "breast-cancer", "diabetes"]


@pytest.mark.parametrize("name", BUNDLED)
def test_what_is_read_is_what_the_catalogue_says(name):
    known = entry(name)
    source, schema = read_bundled(known)
    inputs, targets = source.gather(torch.arange(len(source)))
    assert len(source) == known.samples
    assert inputs.shape[1:] == schema.input_shape == known.input_shape
    assert inputs.dtype == torch.float32
    assert (schema.kind, schema.goal, schema.classes) == (known.kind, known.goal, known.classes)
    assert len(schema.columns) == (0 if name == "digits" else inputs.shape[1])
    if known.goal == "classification":
        assert sorted(targets.unique().tolist()) == list(range(len(known.classes)))
    else:
        assert targets.dtype == torch.float32
        assert (targets.min(), targets.max()) == (25, 346)


def test_class_names_are_those_of_the_library():
    from sklearn import datasets

    assert tuple(datasets.load_iris().target_names) == entry("iris").classes
    assert tuple(datasets.load_wine().target_names) == entry("wine").classes
    assert tuple(datasets.load_breast_cancer().target_names) == entry("breast-cancer").classes


def test_the_brightest_pixel_of_digits_is_one():
    source, _ = read_bundled(entry("digits"))
    assert (source.inputs.min(), source.inputs.max()) == (0.0, 1.0)
