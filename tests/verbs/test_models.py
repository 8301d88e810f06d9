"""Tests of burnish.verbs.models."""

import pytest
import torch

from burnish import models
from burnish.common.errors import InputError
from burnish.verbs.models import Models, command


def test_every_named_model_has_its_row_with_its_parameters():
    outcome = command(Models())
    rows = {row["name"]: row for row in outcome.data["models"]}
    assert sorted(rows) == models.names()
    real = models.create("lenet5", num_classes=10, in_channels=3, input_size=32)
    assert rows["lenet5"]["parameters"] == sum(parameter.numel() for parameter in real.parameters())
    assert f"{rows['lenet5']['parameters']:,}" in outcome.text


def test_a_row_says_what_a_model_costs_and_where_its_weights_are():
    outcome = command(Models(pattern="resnet50"))
    line = next(line for line in outcome.text.splitlines() if line.startswith("resnet50 "))
    assert line.split()[:6] == ["resnet50", "25,557,032", "4.089", "G", "3x224x224", "torchvision:resnet50"]
    row = outcome.data["models"][0]
    assert round(row["macs"] / 1e9, 3) == 4.089
    assert set(row["weights"]) >= {"torchvision:resnet50", "torchvision:resnet50.v2"}
    assert row["num_classes"] == 1000


def test_models_stand_under_their_paper_by_year():
    lines = command(Models()).text.splitlines()
    assert lines.index("LeCun et al. 1998") < lines.index("He et al. 2015, arXiv:1512.03385")
    paper = lines.index("He et al. 2015, arXiv:1512.03385")
    assert lines[paper - 1] == ""
    assert lines[paper + 1].startswith("resnet18 ")
    data = [line for line in lines if line and "  " in line]
    assert len(data) == len(models.names()) + 2


def test_few_models_are_listed_with_their_options_and_all_their_weights():
    text = command(Models(pattern="resnet50")).text
    assert "  options  stem='auto'" in text
    assert "           torchvision:resnet50.v2" in text
    assert "counted  for 1000 classes" in text
    assert "counted  for 65 symbols" in command(Models(pattern="char-lstm")).text
    assert "options" not in command(Models(pattern="resnet*")).text


def test_a_pattern_selects():
    assert [row["name"] for row in command(Models(pattern="resnet2?")).data["models"]] == ["resnet20"]


def test_listing_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    command(Models())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_pattern_that_matches_nothing_is_named():
    with pytest.raises(
        InputError, match=r"no model matches 'lenet' \(did you mean 'lenet5'\?\): expected a pattern for"
    ):
        command(Models(pattern="lenet"))
