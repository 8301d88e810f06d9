"""Tests of burnish.tasks.classification."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.auxiliary import AuxiliaryOutput
from burnish.tasks.classification import Classification, labels, macro_f1


def batch(targets: torch.Tensor) -> Batch:
    return Batch(torch.zeros(len(targets), 4), targets, torch.arange(len(targets)))


@pytest.fixture
def task(classes):
    return Classification(classes)


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


LABELS = torch.tensor([0, 1, 2, 2, 1, 0])
ONE_HOT = torch.nn.functional.one_hot(LABELS, 3)


def test_the_loss_is_the_negative_log_probability_of_the_true_class(task, logits):
    expected = -logits.softmax(1)[torch.arange(6), LABELS].log()
    torch.testing.assert_close(task.loss(logits, batch(LABELS)), expected)
    torch.testing.assert_close(task.mean_loss(logits, batch(LABELS)), expected.mean())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_certain_probabilities_are_labels_in_every_method(task, logits, dtype):
    hard, soft = batch(LABELS), batch(ONE_HOT.to(dtype))
    torch.testing.assert_close(task.loss(logits, soft), task.loss(logits, hard))
    torch.testing.assert_close(task.mean_loss(logits, soft), task.mean_loss(logits, hard))
    assert torch.equal(task.metrics(logits, soft)["accuracy"], task.metrics(logits, hard)["accuracy"])
    assert torch.equal(task.truth(soft)["truth"], LABELS)


def test_the_loss_of_mixed_targets_is_mixed(task, logits):
    mixed = batch(0.3 * ONE_HOT + 0.7 * ONE_HOT.roll(1, 0))
    expected = 0.3 * task.loss(logits, batch(LABELS)) + 0.7 * task.loss(logits, batch(LABELS.roll(1)))
    torch.testing.assert_close(task.loss(logits, mixed), expected)
    assert torch.equal(labels(mixed), LABELS.roll(1))


@pytest.mark.parametrize("targets", [LABELS, ONE_HOT.float()], ids=["labels", "probabilities"])
def test_smoothing_spreads_the_target_while_training_alone(classes, logits, targets):
    plain, smooth = Classification(classes), Classification(classes, label_smoothing=0.1)
    expected = 0.9 * plain.mean_loss(logits, batch(targets)) - 0.1 * logits.log_softmax(1).mean()
    torch.testing.assert_close(smooth.mean_loss(logits, batch(targets)), expected)
    torch.testing.assert_close(smooth.loss(logits, batch(targets)), plain.loss(logits, batch(targets)))


def test_a_prediction_is_the_most_probable_class_and_its_probability(task, logits):
    told = task.predict(logits)
    assert torch.equal(told["prediction"], logits.argmax(1))
    torch.testing.assert_close(told["confidence"], logits.softmax(1).amax(1))


def samples(seed: int = 0, count: int = 200, classes: int = 3) -> dict[str, torch.Tensor]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, count)
    prediction = np.where(random.random(count) < 0.7, truth, random.integers(0, classes, count))
    return {"truth": torch.from_numpy(truth), "prediction": torch.from_numpy(prediction)}


def test_the_summary_agrees_with_scikit_learn(task):
    found = samples()
    metrics, summary = task.summarise(found, 0.95)
    truth, prediction = found["truth"].numpy(), found["prediction"].numpy()
    assert summary["confusion"] == confusion_matrix(truth, prediction).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(truth, prediction)
    for row, name, *expected in zip(summary["classes"], "abc", precision, recall, f1, support, strict=True):
        assert row["name"] == name
        assert [row[key] for key in ("precision", "recall", "f1", "support")] == pytest.approx(expected)
    assert metrics["macro_f1"].value == pytest.approx(f1_score(truth, prediction, average="macro"))


def test_classes_that_never_occur_do_not_count_and_those_only_predicted_do():
    truth, prediction = [0, 0, 1, 1], [0, 3, 1, 1]
    confusion = torch.zeros(5, 5, dtype=torch.int64)
    for t, p in zip(truth, prediction, strict=True):
        confusion[t, p] += 1
    assert macro_f1(confusion).value == pytest.approx(f1_score(truth, prediction, average="macro"))


def test_the_interval_of_macro_f1_holds_the_true_value_as_often_as_it_says():
    random = np.random.default_rng(0)
    cells = np.array([[0.3, 0.05, 0.05], [0.02, 0.2, 0.03], [0.05, 0.1, 0.2]])
    true = np.mean(2 * np.diag(cells) / (cells.sum(0) + cells.sum(1)))
    drawn = random.multinomial(400, cells.ravel(), 1000).reshape(-1, 3, 3)
    found = [macro_f1(torch.from_numpy(confusion)) for confusion in drawn]
    held = np.mean([estimate.low <= true <= estimate.high for estimate in found])
    assert held == pytest.approx(0.95, abs=0.03)  # four standard errors


@pytest.mark.parametrize("classes", [(), ("only",)])
def test_fewer_than_two_classes_are_named(classes):
    told = ", ".join(classes) or "none"
    with pytest.raises(InputError, match=f"classification needs at least two classes, got {len(classes)}: {told}"):
        Classification(Schema("table", "classification", (4,), classes=classes))


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_smoothing_out_of_range_is_named(classes, share):
    with pytest.raises(InputError, match=rf"label_smoothing must lie in \[0, 1\), got {share}: 0.1 is usual"):
        Classification(classes, label_smoothing=share)


def test_auxiliary_heads_are_trained_and_do_not_count_otherwise(classes, logits):
    task = Classification(classes, label_smoothing=0.1)
    side = logits.flip(0)
    output = AuxiliaryOutput(logits, (side, side), 0.3)
    one, other = task.mean_loss(logits, batch(LABELS)), task.mean_loss(side, batch(LABELS))
    torch.testing.assert_close(task.mean_loss(output, batch(LABELS)), one + 0.3 * 2 * other)
    assert torch.equal(task.loss(output, batch(LABELS)), task.loss(logits, batch(LABELS)))
    assert torch.equal(task.metrics(output, batch(LABELS))["accuracy"], task.metrics(logits, batch(LABELS))["accuracy"])
    assert torch.equal(task.predict(output)["prediction"], logits.argmax(1))
