"""Linear classifiers, whose smallest perturbations are known exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Normalised(nn.Module):
    """The input layer of a model that was trained on pixels of mean 0.4 and standard deviation 0.25."""

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs - 0.4) / 0.25


def linear_classifier(classes: int, samples: int = 12, *, dtype: torch.dtype = torch.float64):
    """A model ``(N, 1, 4, 5)`` to ``(N, classes)``, samples in [0, 1] near its boundaries and the classes it gives."""
    generator = torch.Generator().manual_seed(classes)
    layer = nn.Linear(20, classes, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(classes, 20, generator=generator) * 0.2)
        layer.bias.copy_(torch.randn(classes, generator=generator) * 0.1)
    model = nn.Sequential(Normalised(), nn.Flatten(), layer).eval()
    inputs = (0.3 + 0.4 * torch.rand(samples, 1, 4, 5, generator=generator)).to(dtype)
    return model, inputs, model(inputs).argmax(dim=1)


def closed_form(model: nn.Module, inputs: Tensor, labels: Tensor, norm: str) -> Tensor:
    """Distance to the nearest boundary ``(N,)``, bounds left aside: the least of ``|f_k - f_y| / ||w_k - w_y||``."""
    weight = model[-1].weight / 0.25
    logits = model(inputs)
    gap = logits.gather(1, labels[:, None]) - logits
    normal = (weight[None] - weight[labels][:, None]).norm(p={"linf": 1, "l2": 2, "l1": torch.inf}[norm], dim=2)
    return (gap / normal).scatter(1, labels[:, None], torch.inf).amin(dim=1).detach()
