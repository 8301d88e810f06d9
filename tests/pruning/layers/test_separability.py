"""Tests of burnish.pruning.layers.separability."""

import numpy as np
import pytest
import torch

from burnish.pruning.layers.separability import separability


def clouds(distance, seed=0, width=3):
    draws = torch.Generator().manual_seed(seed)
    labels = torch.arange(60) % 3
    return torch.randn(60, width, generator=draws) + distance * torch.eye(3, width)[labels], labels


def test_it_is_the_sum_of_the_eigenvalues_of_fishers_problem():
    features, labels = clouds(1.0)
    points, classes = features.double().numpy(), labels.numpy()
    within = sum(np.cov(points[classes == k].T, bias=True) * (classes == k).mean() for k in range(3))
    gaps = [points[classes == k].mean(axis=0) - points.mean(axis=0) for k in range(3)]
    between = sum(np.outer(gap, gap) * (classes == k).mean() for k, gap in enumerate(gaps))
    shrunk = 0.8 * within + 0.2 * np.trace(within) / 3 * np.eye(3)
    expected = np.linalg.eigvals(np.linalg.inv(shrunk) @ between).real.sum()
    assert separability(features, labels, 0.2) == pytest.approx(expected)


def test_classes_further_apart_are_more_separable():
    found = [separability(*clouds(distance)) for distance in (0.5, 1.0, 2.0, 4.0)]
    assert found == sorted(found)
    assert found[-1] > 10 * found[0]


def test_scale_place_and_rotation_do_not_matter():
    features, labels = clouds(1.0)
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    assert separability(7 * features @ rotation + 5, labels) == pytest.approx(separability(features, labels), rel=1e-4)


def test_labels_are_only_names():
    features, labels = clouds(1.0)
    assert separability(features, torch.tensor([70, 3, 11])[labels]) == pytest.approx(separability(features, labels))


def test_more_features_than_samples_and_dead_features_give_a_number():
    features, labels = clouds(1.0, width=100)
    features[:, 50] = 0
    assert 0 < separability(features, labels) < 100


def test_equal_means_are_not_separable():
    points = torch.tensor([[1.0], [-1.0], [2.0], [-2.0]])
    assert separability(points, torch.tensor([0, 0, 1, 1])) == 0


def test_samples_on_the_means_of_their_classes_are_separable_without_limit_or_not_at_all():
    labels = torch.tensor([0, 0, 1, 1])
    assert separability(labels[:, None], labels) == torch.inf
    assert separability(torch.ones(4, 2), labels) == 0
