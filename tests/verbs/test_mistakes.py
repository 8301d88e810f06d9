"""Tests of burnish.verbs.mistakes."""

import pytest
import torch

from burnish.data import Schema, TensorSource
from burnish.tasks import create
from burnish.tasks.evaluation import Evaluation
from burnish.verbs.mistakes import picture, worst

TRUTH = torch.tensor([0, 1, 1, 0, 1])
PREDICTED = torch.tensor([0, 0, 1, 1, 0])
LOSS = torch.tensor([0.1, 2.0, 0.2, 5.0, 3.0])


@pytest.fixture
def scored():
    task = create("classification", Schema("image", "classification", (1, 2, 2), classes=("cat", "dog")))
    source = TensorSource(torch.zeros(5, 1, 2, 2), TRUTH)
    samples = {
        "index": torch.arange(5),
        "loss": LOSS,
        "truth": TRUTH,
        "prediction": PREDICTED,
        "confidence": torch.full((5,), 0.9),
    }
    return task, Evaluation({}, samples), source


def test_only_wrong_answers_are_mistakes_and_the_worst_come_first(scored):
    found = worst(*scored, 10)
    assert [row["index"] for row in found] == [3, 4, 1]
    assert [row["loss"] for row in found] == [5.0, 3.0, 2.0]
    assert (found[0]["truth"], found[0]["prediction"]) == ("cat", "dog")
    assert found[0]["confidence"] == pytest.approx(0.9)
    assert found[0]["picture"].startswith("data:image/")


def test_as_many_as_asked_for(scored):
    assert [row["index"] for row in worst(*scored, 1)] == [3]
    assert worst(*scored, 0) == []


def test_a_picture_is_a_data_uri():
    assert picture(torch.rand(3, 4, 4)).startswith("data:image/png;base64,")
