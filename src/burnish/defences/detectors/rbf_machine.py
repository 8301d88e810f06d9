"""A support vector machine with a Gaussian kernel whose decision can be differentiated."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class RbfMachine(nn.Module):
    """Fit scikit-learn's SVC, and evaluate its decision in torch.

    Source: Cortes and Vapnik 1995, "Support-vector networks", eq. 33: ``f(c) = sum_j a_j exp(-gamma |c - c_j|^2) + b``
    over the support vectors. Kinds are weighted by the inverse of their number.

    Args:
        natural: codes of clean samples ``(N, D)``.
        attacked: codes of attacked ones ``(M, D)``.
        penalty: of samples on the wrong side (C).
        gamma: width of the kernel; None is ``1 / (D * variance)`` over all codes.

    Shape:
        input ``(N, D)``, output ``(N,)``: positive on the side of the attacked samples.

    Raises:
        InputError: a penalty or gamma that is not positive, or codes that are all the same.

    >>> machine = RbfMachine(torch.zeros(5, 2), torch.ones(5, 2))
    >>> (machine(torch.tensor([[0.0, 0.0], [1.0, 1.0]])) > 0).tolist()
    [False, True]
    """

    support: Tensor
    weights: Tensor

    def __init__(self, natural: Tensor, attacked: Tensor, penalty: float = 1.0, gamma: float | None = None) -> None:
        super().__init__()
        from sklearn.svm import SVC

        for value, name in ((penalty, "penalty"), (gamma, "gamma")):
            if value is not None and not value > 0:
                raise InputError(f"{name} must be positive, got {value}")
        codes = torch.cat([natural, attacked]).detach().cpu().double()
        variance = codes.var(correction=0).item()
        if variance == 0:
            raise InputError("all codes are the same: clean and attacked samples cannot be told apart by these layers")
        self.gamma = 1 / (codes.shape[1] * variance) if gamma is None else float(gamma)
        kinds = torch.cat([torch.zeros(len(natural)), torch.ones(len(attacked))])
        self.machine = SVC(C=penalty, gamma=self.gamma, class_weight="balanced")
        self.machine.fit(codes.numpy(), kinds.numpy())
        self.register_buffer("support", torch.from_numpy(self.machine.support_vectors_).to(natural))
        weights = torch.from_numpy(self.machine.dual_coef_[0]).to(_precise(natural.device))
        self.register_buffer("weights", weights.to(natural.device))
        self.offset = float(self.machine.intercept_[0])

    def forward(self, codes: Tensor) -> Tensor:
        precise = _precise(codes.device)
        codes_ND, support_SD = codes.to(precise), self.support.to(precise)
        distance_NS = (
            codes_ND.square().sum(dim=1, keepdim=True) - 2 * codes_ND @ support_SD.T + support_SD.square().sum(dim=1)
        )
        decision = (-self.gamma * distance_NS).exp() @ self.weights.to(precise) + self.offset  # eq. 33
        return decision.to(codes.dtype)


def _precise(device: torch.device) -> torch.dtype:
    """Sums over hundreds of support vectors of either sign cancel; MPS has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64
