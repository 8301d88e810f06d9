"""Tests of burnish.tasks.evaluation."""

import gc
import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, mean, proportion
from burnish.data.batch import Batch
from burnish.tasks import Classification, Evaluation, evaluate
from burnish.tasks.evaluation import estimate, sample_columns, score


def batches(count: int, size: int) -> list[Batch]:
    random = torch.Generator().manual_seed(0)
    inputs, targets = torch.randn(count, 4, generator=random), torch.randint(3, (count,), generator=random)
    cuts = [slice(start, start + size) for start in range(0, count, size)]
    return [Batch(inputs[cut], targets[cut], torch.arange(count)[cut]) for cut in cuts]


@pytest.fixture
def task(classes):
    return Classification(classes)


@pytest.mark.parametrize("size", [1, 7, 30])
def test_the_size_of_batches_changes_nothing(task, linear, size):
    whole, cut = evaluate(task, linear(4, 3), batches(30, 30)), evaluate(task, linear(4, 3), batches(30, size))
    assert cut.metrics["loss"].value == pytest.approx(whole.metrics["loss"].value, rel=1e-6)
    assert cut.metrics["accuracy"] == whole.metrics["accuracy"]
    assert cut.summary == whole.summary
    assert torch.equal(cut.samples["index"], torch.arange(30))


def test_the_rows_of_thousands_of_samples_stay_in_order(task, linear, monkeypatch):
    predict = Classification.predict
    monkeypatch.setattr(Classification, "predict", lambda self, output: predict(self, output) | {"scores": output})
    whole, cut = evaluate(task, linear(4, 3), batches(9000, 9000)), evaluate(task, linear(4, 3), batches(9000, 512))
    assert whole.samples.keys() == cut.samples.keys()
    assert cut.samples["scores"].shape == (9000, 3)
    for name, column in whole.samples.items():
        torch.testing.assert_close(cut.samples[name], column)


def test_no_tensor_is_kept_for_every_batch(task, linear):
    counts = []

    def counted(parts):
        for part in parts:
            counts.append(sum(type(thing) is torch.Tensor for thing in gc.get_objects()))
            yield part

    evaluate(task, linear(4, 3), counted(batches(640, 10)))
    assert len(counts) == 64
    assert counts[-1] <= counts[5]


def test_every_sample_keeps_its_row(task, linear):
    model, (batch,) = linear(4, 3), batches(20, 20)
    found = evaluate(task, model, [batch])
    output = model(batch.inputs).detach()
    assert torch.equal(found.samples["prediction"], output.argmax(1))
    assert torch.equal(found.samples["truth"], batch.targets)
    torch.testing.assert_close(
        found.samples["loss"], nn.functional.cross_entropy(output, batch.targets, reduction="none")
    )
    assert found.metrics["accuracy"].count == 20


def test_the_model_is_left_as_it_was(task):
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3))
    model[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = (evaluate(task, model, batches(16, 8)) for _ in range(2))
    assert first.metrics == second.metrics  # no dropout while scoring
    assert [module.training for module in model] == [False, True, True]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_columns_of_two_halves_score_as_the_whole(task, linear):
    model, parts = linear(4, 3), batches(20, 10)
    halves = [sample_columns(task, model, [part]) for part in parts]
    joined = {name: torch.cat([columns[name] for columns, _ in halves]) for name in halves[0][0]}
    assert score(task, joined, halves[0][1]).metrics == evaluate(task, model, parts).metrics


def test_shares_get_wilsons_interval_and_other_means_the_normal_one():
    assert estimate(torch.tensor([1.0, 0.0, 1.0, 1.0])) == proportion(3, 4)
    values = torch.tensor([4.0, 5.0, 6.5])
    expected = mean(values.double().mean().item(), values.double().std().item(), 3, 0.9)
    assert estimate(values, 0.9) == expected


def test_what_is_never_negative_has_no_negative_mean():
    assert estimate(torch.tensor([0.0, 0.1, 9.0])).low == 0
    assert estimate(torch.tensor([-1.0, 0.1, 9.0])).low < 0


def test_one_odd_sample_makes_the_mean_nan_and_not_an_error():
    assert math.isnan(estimate(torch.tensor([1.0, math.nan])).value)


def test_a_row_is_flat_and_leaves_out_intervals_without_ends():
    found = Evaluation({"a": Estimate(1.0, 0.5, 1.5, 9), "b": Estimate(2.0, -math.inf, math.inf, 1)})
    assert found.row() == {"a": 1.0, "a_low": 0.5, "a_high": 1.5, "b": 2.0}


def test_macro_f1_stands_beside_the_other_metrics(task, linear):
    row = evaluate(task, linear(4, 3), batches(30, 30)).row()
    assert row["macro_f1_low"] < row["macro_f1"] < row["macro_f1_high"]


def test_nothing_to_score_is_named(task, linear):
    with pytest.raises(InputError, match="nothing to evaluate: the split has no samples"):
        evaluate(task, linear(4, 3), [])
