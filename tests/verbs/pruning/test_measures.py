"""Tests of burnish.verbs.pruning.measures."""

import torch

from burnish.data import load
from burnish.data.loaders.loader import evaluation_loader
from burnish.models import count, for_data
from burnish.pruning.weights import sparsify_
from burnish.tasks import Classification
from burnish.verbs.pruning.measures import file_bytes, measure


def test_every_number_is_what_it_says():
    data = load("digits")
    model, task = for_data("mlp", data.schema), Classification(data.schema)
    loader = evaluation_loader(data.validation)
    found = measure(model, task, loader, 16)
    assert found["parameters"] == sum(p.numel() for p in model.parameters())
    assert found["macs"] == count(model, torch.zeros(1, 1, 8, 8)).macs
    assert set(found["latency_ms"]) == {"1", "16"}
    assert found["threads"] == 1
    assert found["metrics"]["accuracy"]["value"] == task.evaluate(model, loader).metrics["accuracy"].value
    assert measure(model, task, None, 16)["metrics"] == {}


def test_a_sparse_model_has_a_smaller_file():
    model = for_data("mlp", load("digits").schema)
    dense = file_bytes(model)
    assert dense > 4 * sum(p.numel() for p in model.parameters())
    sparsify_(model, 0.9)
    assert file_bytes(model) < 0.3 * dense
