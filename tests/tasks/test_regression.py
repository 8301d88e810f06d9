"""Tests of burnish.tasks.regression."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.regression import Regression, r2

TASK = Regression(Schema("table", "regression", (3,)))


def problem(targets: int | None, seed: int = 0) -> tuple[torch.Tensor, Batch]:
    """Outputs with as many columns as targets; None stands for plain vectors."""
    random = torch.Generator().manual_seed(seed)
    shape = (40,) if targets is None else (40, targets)
    wanted = torch.randn(shape, generator=random) * 5 + 2
    found = wanted + torch.randn(shape, generator=random)
    return found, Batch(torch.zeros(40, 3), wanted, torch.arange(40))


@pytest.mark.parametrize("targets", [None, 1, 3])
def test_scores_agree_with_scikit_learn_for_one_target_and_for_several(targets):
    output, batch = problem(targets)
    found = TASK.evaluate(nn.Identity(), [Batch(output, batch.targets, batch.index)])
    assert found.metrics["loss"].value == pytest.approx(mean_squared_error(batch.targets, output), rel=1e-5)
    assert found.metrics["absolute_error"].value == pytest.approx(mean_absolute_error(batch.targets, output), rel=1e-5)
    assert found.metrics["r2"].value == pytest.approx(r2_score(batch.targets, output), rel=1e-5)
    assert found.metrics["r2"].low < found.metrics["r2"].value < found.metrics["r2"].high <= 1
    assert found.samples["prediction"].shape == found.samples["truth"].shape == output.squeeze(-1).shape


@pytest.mark.parametrize(("output", "wanted"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (4, 1)), ((4,), (4,))])
def test_a_column_and_a_vector_are_the_same(output, wanted):
    batch = Batch(torch.zeros(4, 3), torch.arange(4.0).reshape(wanted), torch.arange(4))
    loss = TASK.loss(torch.zeros(output), batch)
    assert loss.tolist() == [0.0, 1.0, 4.0, 9.0]


def test_whole_number_targets_are_taken_as_they_are():
    batch = Batch(torch.zeros(2, 3), torch.tensor([1, 3]), torch.arange(2))
    assert TASK.loss(torch.zeros(2, 1), batch).tolist() == [1.0, 9.0]


def test_outputs_that_would_be_broadcast_are_refused():
    batch = Batch(torch.zeros(4, 3), torch.zeros(4, 2), torch.arange(4))
    with pytest.raises(InputError, match="the model gives 1 numbers a sample, the data have 2 targets"):
        TASK.loss(torch.zeros(4, 1), batch)


def test_predicting_the_mean_explains_nothing():
    truth = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    assert r2(truth, truth.mean(0).expand(50, 2)).value == pytest.approx(0, abs=1e-12)


def test_a_target_that_does_not_vary_has_no_share_to_explain():
    assert r2(torch.ones(5, 1), torch.zeros(5, 1)) is None
    varied = torch.stack([torch.ones(5), torch.arange(5.0)], dim=1)
    assert r2(varied, torch.full((5, 2), 2.0)).value == pytest.approx(0)
    constant = Batch(torch.zeros(5, 1), torch.ones(5), torch.arange(5))
    assert "r2" not in TASK.evaluate(nn.Identity(), [constant]).metrics


def test_the_interval_of_r2_holds_the_true_value_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = []
    for _ in range(1000):
        truth = random.normal(0, 2, (300, 1))
        found = r2(torch.from_numpy(truth), torch.from_numpy(truth + random.normal(0, 1, (300, 1))))
        held.append(found.low <= 0.75 <= found.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_the_residuals_of_the_first_samples_are_kept_for_a_picture():
    output, batch = problem(None)
    residuals = TASK.evaluate(nn.Identity(), [Batch(output, batch.targets, batch.index)]).summary["residuals"]
    assert residuals["target"] == pytest.approx(batch.targets.tolist())
    assert residuals["prediction"] == pytest.approx(output.tolist())
