"""Tests of burnish.tasks.language_modelling."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.language_modelling import LanguageModelling

TASK = LanguageModelling(Schema("text", "language-modelling", (5,), vocabulary=("a", "b", "c", "d")))


@pytest.fixture
def output() -> torch.Tensor:
    return torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def batch() -> Batch:
    targets = torch.randint(4, (3, 5), generator=torch.Generator().manual_seed(1))
    return Batch(torch.zeros(3, 5, dtype=torch.int64), targets, torch.arange(3))


def test_the_loss_of_a_window_is_the_mean_over_its_symbols(output, batch):
    expected = [F.cross_entropy(output[i], batch.targets[i]).item() for i in range(3)]
    assert TASK.loss(output, batch).tolist() == pytest.approx(expected)
    assert TASK.mean_loss(output, batch).item() == pytest.approx(sum(expected) / 3)


def test_accuracy_is_the_share_of_symbols_that_were_guessed(batch):
    right = F.one_hot(batch.targets, 4).float()
    right[0, :2] = right[0, :2].roll(1, dims=1)  # two of five symbols of one window are now wrong
    assert TASK.metrics(right, batch)["accuracy"].tolist() == pytest.approx([0.6, 1.0, 1.0])


def test_perplexity_is_the_exponential_of_the_loss_and_of_its_interval(output, batch):
    found = TASK.evaluate(nn.Identity(), [Batch(output, batch.targets, batch.index)]).metrics
    for end in ("value", "low", "high"):
        assert getattr(found["perplexity"], end) == pytest.approx(math.exp(getattr(found["loss"], end)))


def test_knowing_nothing_is_as_hard_as_guessing_among_all_symbols(batch):
    found = TASK.evaluate(nn.Identity(), [Batch(torch.zeros(3, 5, 4), batch.targets, batch.index)]).metrics
    assert found["perplexity"].value == pytest.approx(4)


def test_the_perplexity_of_a_diverged_model_is_infinite(batch):
    wrong = F.one_hot((batch.targets + 1) % 4, 4) * 1e4
    found = TASK.evaluate(nn.Identity(), [Batch(wrong, batch.targets, batch.index)]).metrics
    assert found["perplexity"].value == math.inf
