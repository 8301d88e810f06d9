"""Small networks with blocks, and data that they can learn."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """Two linear layers around which the input takes a short cut."""

    def __init__(self, width: int, hidden: int = 16) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden)
        self.second = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class ResidualNet(nn.Module):
    """A linear layer, residual blocks, and a linear layer."""

    def __init__(self, inputs: int = 2, width: int = 8, blocks: int = 3, classes: int = 3) -> None:
        super().__init__()
        self.stem = nn.Linear(inputs, width)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)))


def rings(samples: int = 300, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points on three rings around each other, and the number of the ring: no linear layer tells them apart."""
    draws = torch.Generator().manual_seed(seed)
    labels = torch.arange(samples) % 3
    angle = 2 * torch.pi * torch.rand(samples, generator=draws)
    radius = 1 + labels + 0.1 * torch.randn(samples, generator=draws)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1), labels


def trained(idle: int | None = None, blocks: int = 3, steps: int = 150, seed: int = 1) -> ResidualNet:
    """A network that has learnt the rings; block ``idle`` was the identity all the while."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ResidualNet(blocks=blocks)
    if idle is not None:
        for parameter in net.blocks[idle].parameters():
            nn.init.zeros_(parameter.requires_grad_(False))
    points, labels = rings()
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(points), labels).backward()
        optimizer.step()
    for parameter in net.parameters():
        parameter.requires_grad_()
        parameter.grad = None
    return net.eval()


def batches(size: int = 100) -> list[tuple[Tensor, Tensor]]:
    """The rings, in batches."""
    points, labels = rings()
    return list(zip(points.split(size), labels.split(size), strict=True))


def per_sample(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each sample."""
    return F.cross_entropy(output, target, reduction="none")


class Watched:
    """Everything of a model that has to stay: modes, gradients, buffers, hooks, modules, and the global generator."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.before = self._now()
        self.tensors = [tensor.clone() for tensor in self._tensors()]

    def _now(self) -> dict[str, object]:
        named = {name: module for name, module in self.model.named_modules()}
        return {
            "modules": {name: id(module) for name, module in named.items()},
            "modes": {name: module.training for name, module in named.items()},
            "hooks": {name: (len(m._forward_hooks), len(m._forward_pre_hooks)) for name, m in named.items()},
            "parameters": {name: (id(p), p.requires_grad, id(p.grad)) for name, p in self.model.named_parameters()},
        }

    def _tensors(self) -> list[Tensor]:
        return [*self.model.state_dict().values(), torch.get_rng_state()]

    def check(self) -> None:
        """Everything is as it was."""
        assert all(torch.equal(new, old) for new, old in zip(self._tensors(), self.tensors, strict=True))
        now = self._now()
        for what, value in self.before.items():
            assert now[what] == value, what


def mixed(model: nn.Module) -> nn.Module:
    """The model with what a careless function disturbs: mixed modes, a frozen parameter, a gradient."""
    model.train()
    modules = list(model.modules())
    modules[len(modules) // 2].eval()
    first, *_, last = model.parameters()
    first.requires_grad_(False)
    last.grad = torch.ones_like(last)
    return model
