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


def test_a_pattern_selects():
    assert [row["name"] for row in command(Models(pattern="resnet2*")).data["models"]] == ["resnet20"]


def test_listing_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    command(Models())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_pattern_that_matches_nothing_is_named():
    with pytest.raises(
        InputError, match=r"no model matches 'lenet' \(did you mean 'lenet5'\?\): expected a pattern for"
    ):
        command(Models(pattern="lenet"))
