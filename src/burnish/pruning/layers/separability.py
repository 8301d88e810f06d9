"""How far classes lie apart in a space of features."""

from __future__ import annotations

import torch
from torch import Tensor

SHRINKAGE = 0.1


def separability(features: Tensor, labels: Tensor, shrinkage: float = SHRINKAGE) -> float:
    """Fisher's ratio: the scatter between the means of classes over the scatter within classes.

    Source: Fukunaga 1990, "Introduction to Statistical Pattern Recognition", section 10.2: the trace of ``S_W^-1 S_B``.
    Since features may be more than samples, ``S_W`` is shrunk to a multiple of the identity with the same trace:
    Friedman 1989, "Regularized Discriminant Analysis", Journal of the American Statistical Association 84. Scaling or
    rotating the features changes nothing.

    Args:
        features: ``(samples, width)``.
        labels: ``(samples,)``, whole numbers.
        shrinkage: share of the identity, in (0, 1].

    Returns:
        At least 0; 0 where all classes have the same mean.

    >>> round(separability(torch.tensor([[0.0], [2.0], [10.0], [12.0]]), torch.tensor([0, 0, 1, 1])), 6)
    25.0
    """
    features_NF = features.double()
    classes, number_N = labels.unique(return_inverse=True)
    counts_K = torch.bincount(number_N).double()
    sums_KF = torch.zeros(len(classes), features.shape[1], dtype=torch.float64).index_add_(0, number_N, features_NF)
    means_KF = sums_KF / counts_K[:, None]
    within_NF = features_NF - means_KF[number_N]
    between_KF = (means_KF - features_NF.mean(dim=0)) * (counts_K / len(labels)).sqrt()[:, None]
    within_FF = within_NF.T @ within_NF / len(labels)
    mean_variance = within_FF.diagonal().mean()
    if mean_variance == 0:  # every sample lies on the mean of its class
        return torch.inf if between_KF.any() else 0.0
    shrunk_FF = (1 - shrinkage) * within_FF + shrinkage * mean_variance * torch.eye(len(within_FF)).double()
    return float((between_KF * torch.linalg.solve(shrunk_FF, between_KF.T).T).sum())
