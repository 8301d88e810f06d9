"""Tests of burnish.verbs.describing.zoo."""

import pytest
import torch

from burnish.models import create, entry, names
from burnish.verbs.describing import zoo
from burnish.verbs.describing.usual import usual_classes, usual_shapes

AGAIN = "run: python benchmarks/page_zoo.py"


@pytest.mark.parametrize("name", sorted(zoo.recorded()))
def test_the_record_has_the_parameters_that_the_model_has(name):
    found = entry(name)
    shape = next(iter(usual_shapes(found).values()))
    channels = 1 if "text" in found.kinds else shape[0]
    with torch.device("meta"):
        model = create(name, usual_classes(found), channels, shape[1:] or None)
    assert sum(p.numel() for p in model.parameters()) == zoo.recorded()[name]["parameters"], AGAIN


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "char-lstm", "mobilenet-v2"])
def test_the_record_has_the_multiply_adds_that_counting_finds(name):
    assert zoo.counted(entry(name)) == zoo.recorded()[name], AGAIN


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_whole_record_is_what_counting_finds(name):
    assert zoo.counted(entry(name)) == zoo.recorded()[name], AGAIN


def test_without_a_record_models_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "RECORD", tmp_path / "nothing.json")
    zoo.recorded.cache_clear()
    try:
        assert zoo.recorded() == {}
        row = zoo.zoo_row(entry("lenet5"))
    finally:
        zoo.recorded.cache_clear()
    assert (row["parameters"], row["macs"], row["input"]) == (62_006, 651_720, [3, 32, 32])


def test_a_row_tells_what_lists_need():
    row = zoo.zoo_row(entry("resnet50"))
    assert (row["parameters"], row["num_classes"], row["native_size"]) == (25_557_032, 1000, 224)
    assert row["weights"][0] == "torchvision:resnet50"
    assert row["options"]["stem"] == "'auto'"
    assert round(row["macs"] / 1e9, 3) == 4.089


def test_models_stand_by_year_paper_and_size():
    found = [row["name"] for row in zoo.zoo_rows(["resnet50", "resnet18", "lenet5", "vgg11", "perceptron"])]
    assert found == ["perceptron", "lenet5", "vgg11", "resnet18", "resnet50"]
