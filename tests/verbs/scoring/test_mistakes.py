"""Tests of burnish.verbs.scoring.mistakes."""

import torch

from burnish.data import Schema, TensorSource
from burnish.tasks import Classification, Evaluation, Regression
from burnish.verbs.scoring.mistakes import picture, worst

SCHEMA = Schema("image", "classification", (1, 2, 2), classes=("cat", "dog"))
PICTURES = TensorSource(torch.rand(5, 1, 2, 2), torch.tensor([0, 1, 0, 1, 0]))


def evaluation():
    return Evaluation(
        {},
        {
            "index": torch.arange(5),
            "loss": torch.tensor([0.1, 2.0, 5.0, 3.0, 9.0]),
            "truth": torch.tensor([0, 1, 0, 1, 0]),
            "prediction": torch.tensor([0, 0, 1, 0, 0]),  # 0 and 4 are right
            "confidence": torch.tensor([0.9, 0.7, 0.99, 0.8, 0.6]),
        },
    )


def test_wrong_samples_come_worst_first():
    found = worst(Classification(SCHEMA), evaluation(), PICTURES, 24)
    assert [row["index"] for row in found] == [2, 3, 1]
    assert [row["loss"] for row in found] == [5.0, 3.0, 2.0]
    assert {row["where"] for row in found} == {"sample 1", "sample 2", "sample 3"}
    assert (found[0]["truth"], found[0]["prediction"]) == ("cat", "dog")
    assert found[0]["confidence"] == evaluation().samples["confidence"][2].item()


def test_every_one_has_its_own_picture():
    found = worst(Classification(SCHEMA), evaluation(), PICTURES, 2)
    images = PICTURES.gather(torch.tensor([2, 3]))[0]
    assert [row["picture"] for row in found] == [picture(image) for image in images]


def test_no_more_are_kept_than_asked_for():
    assert len(worst(Classification(SCHEMA), evaluation(), PICTURES, 1)) == 1
    assert worst(Classification(SCHEMA), evaluation(), PICTURES, 0) == []


def test_a_perfect_model_has_none():
    perfect = evaluation()
    perfect.samples["prediction"] = perfect.samples["truth"]
    assert worst(Classification(SCHEMA), perfect, PICTURES, 24) == []


def test_of_numbers_the_largest_errors_come_first():
    schema = Schema("points", "regression", (3,))
    source = TensorSource(torch.rand(3, 3), torch.tensor([1.0, 2.0, 3.0]))
    samples = {
        "index": torch.arange(3),
        "loss": torch.tensor([0.25, 16.0, 1.0]),
        "truth": torch.tensor([1.0, 2.0, 3.0]),
        "prediction": torch.tensor([1.5, 6.0, 2.0]),
    }
    found = worst(Regression(schema), Evaluation({}, samples), source, 2)
    assert [(row["truth"], row["prediction"]) for row in found] == [("2", "6"), ("3", "2")]
    assert found[0]["confidence"] is None
    assert found[0]["picture"] is None


def test_several_numbers_a_sample_are_all_told():
    schema = Schema("points", "regression", (3,))
    pair = torch.tensor([[1.0, 2.5]])
    samples = {"index": torch.arange(1), "loss": torch.ones(1), "truth": pair, "prediction": pair + 1}
    (row,) = worst(Regression(schema), Evaluation({}, samples), TensorSource(torch.rand(1, 3), pair), 5)
    assert (row["truth"], row["prediction"]) == ("1, 2.5", "2, 3.5")


def test_an_evaluation_without_samples_has_none():
    assert worst(Classification(SCHEMA), Evaluation({}), PICTURES, 24) == []
