"""Small models with their groups written down by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from burnish.pruning.graph.group import Group, Role, Slice


def part(tensor: str, dim: int, index, role: Role, is_buffer: bool = False) -> Slice:
    """A slice; ``index`` is a number of channels, or the positions of each."""
    positions = torch.arange(index)[:, None] if isinstance(index, int) else torch.as_tensor(index)
    return Slice(tensor, dim, positions, role, is_buffer)


def group(name: str, *parts: Slice) -> Group:
    """A group of these slices."""
    count = len(parts[0].index)
    return Group(name, count, parts[0].index.shape[1], parts, (), torch.arange(1, count + 1))


class Chain(nn.Module):
    """Two convolutions with a functional ReLU between them, and a linear layer on the flattened picture."""

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6) if norm else nn.Identity()
        self.second = nn.Conv2d(6, 4, 3)
        self.last = nn.Linear(4 * 2 * 2, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.first(x)))
        return self.last(F.relu(self.second(x)).flatten(1))


def chain(norm: bool = False, seed: int = 0) -> tuple[Chain, list[Group]]:
    """A chain for pictures of 4 by 4 in double precision, with the groups of both convolutions."""
    generator = torch.Generator().manual_seed(seed)
    model = Chain(norm).double()
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
            tensor.data.copy_(noise.abs() + 0.5 if name in ("norm.weight", "norm.running_var") else 0.4 * noise)
    first = [part("first.weight", 0, 6, "produces"), part("first.bias", 0, 6, "carries")]
    if norm:
        first += [part("norm.weight", 0, 6, "carries"), part("norm.bias", 0, 6, "carries")]
        first += [part("norm.running_mean", 0, 6, "carries", True), part("norm.running_var", 0, 6, "carries", True)]
    first.append(part("second.weight", 1, 6, "consumes"))
    second = [
        part("second.weight", 0, 4, "produces"),
        part("second.bias", 0, 4, "carries"),
        part("last.weight", 1, torch.arange(16).view(4, 4), "consumes"),
    ]
    return model, [group("first", *first), group("second", *second)]


class Sum(nn.Module):
    """Two linear layers whose outputs are added, read by a third: one group with two producers."""

    def __init__(self, wide: int = 3) -> None:
        super().__init__()
        self.one = nn.Linear(3, 5)
        self.two = nn.Linear(wide, 5)
        self.read = nn.Linear(5, 2)

    def forward(self, x, y):
        return self.read(F.relu(self.one(x) + self.two(y)))


def summed(wide: int = 3, seed: int = 0) -> tuple[Sum, Group]:
    """The sum with its group."""
    torch.manual_seed(seed)
    return Sum(wide).double(), group(
        "one",
        part("one.weight", 0, 5, "produces"),
        part("two.weight", 0, 5, "produces"),
        part("one.bias", 0, 5, "carries"),
        part("two.bias", 0, 5, "carries"),
        part("read.weight", 1, 5, "consumes"),
    )


def pairs(sizes=(5, 5, 2), seed: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Pictures of 4 by 4 with two channels and one of three labels, the last batch smaller than the others."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(size, 2, 4, 4, generator=generator, dtype=torch.float64),
            torch.randint(3, (size,), generator=generator),
        )
        for size in sizes
    ]
