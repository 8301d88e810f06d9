"""Tests of burnish.defences.detectors.roc."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.defences.detectors.roc import roc_curve

coarse_scores = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=30).map(torch.tensor)


@settings(max_examples=60, deadline=None)
@given(clean=coarse_scores, attacked=coarse_scores)
def test_curve_and_area_are_those_of_scikit_learn(clean, attacked):
    from sklearn import metrics

    truth = np.concatenate([np.zeros(len(clean)), np.ones(len(attacked))])
    scores = torch.cat([clean, attacked]).numpy()
    false_positives, true_positives, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    ours = roc_curve(clean, attacked)
    np.testing.assert_allclose(ours.false_positive_rates, false_positives)
    np.testing.assert_allclose(ours.true_positive_rates, true_positives)
    assert ours.auc.value == pytest.approx(metrics.roc_auc_score(truth, scores))


def test_every_point_is_what_its_threshold_rejects():
    clean, attacked = torch.rand(40, generator=generator(0)), torch.rand(50, generator=generator(1)) + 0.3
    curve = roc_curve(clean, attacked)
    for threshold, false_positives, true_positives in zip(
        curve.thresholds, curve.false_positive_rates, curve.true_positive_rates, strict=True
    ):
        assert (clean.double() > threshold).double().mean().item() == pytest.approx(false_positives)
        assert (attacked.double() > threshold).double().mean().item() == pytest.approx(true_positives)


def test_the_deviation_of_the_area_is_that_of_its_pairwise_definition():
    clean, attacked = torch.tensor([0.1, 0.4, 0.4, 0.8]), torch.tensor([0.3, 0.4, 0.9, 0.95, 0.7])
    wins = (attacked[:, None] > clean).double() + 0.5 * (attacked[:, None] == clean).double()  # DeLong et al., psi
    variance = wins.mean(1).var().item() / 5 + wins.mean(0).var().item() / 4
    found = roc_curve(clean, attacked).auc
    area, z = wins.mean().item(), 1.959964
    alike = area * (1 - area) / variance
    half = z / (1 + z * z / alike) * math.sqrt(variance + z * z / (4 * alike * alike))
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-5)


def test_the_interval_holds_the_true_area_as_often_as_it_says():
    trials, true = 400, 0.5 * (1 + math.erf(1 / 2))  # of two normals one deviation apart
    draws = torch.randn(trials, 120, generator=generator(0, "coverage"))
    areas = [roc_curve(row[:60], row[60:] + 1).auc for row in draws]
    held = sum(area.low <= true <= area.high for area in areas) / trials
    assert held == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / trials))


def test_perfect_separation_leaves_the_doubt_of_few_samples():
    area = roc_curve(torch.zeros(10), torch.ones(10)).auc
    assert area.value == 1.0
    assert 0.6 < area.low < 1.0


def test_scores_of_one_kind_alone_are_refused():
    with pytest.raises(InputError, match="no attacked samples"):
        roc_curve(torch.zeros(3), torch.empty(0))
    with pytest.raises(InputError, match="a score of the clean samples is NaN"):
        roc_curve(torch.tensor([math.nan]), torch.ones(1))
