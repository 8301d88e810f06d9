"""A small problem that a linear layer can learn, and a network for it."""

import torch
from torch import nn

from burnish.data.schema import Schema
from burnish.data.source import TensorSource

SCHEMA = Schema("points", "classification", (6,), classes=("a", "b", "c"))


def problem(count: int = 96) -> TensorSource:
    """Three classes that a linear layer can tell apart."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, 6, generator=generator)
    return TensorSource(inputs, inputs[:, :3].argmax(dim=1))


def network(*extra: nn.Module) -> nn.Sequential:
    """A fresh network, the same every time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), *extra, nn.ReLU(), nn.Linear(16, 3))
