"""Tests of burnish.pruning.graph.settling.settle."""

import torch
import torch.nn.functional as F
from torch import nn

from burnish.pruning.graph import trace

TEXT = torch.rand(2, 5, 12)


def test_only_what_stands_in_the_way_is_refused():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.head = nn.Linear(12, 8), nn.Linear(12, 6), nn.Linear(14, 2)

        def forward(self, x):
            first = self.first(x).reshape(2, 5, 2, 4).flatten(2)
            return self.head(torch.cat([first, self.second(x)], dim=-1))

    graph = trace(Net(), TEXT)
    assert [group.name for group in graph.groups()] == ["second"]
    assert [refusal.layers for refusal in graph.refusals] == [("first",)]


def test_what_fails_further_on_for_another_reason_is_not_blamed():
    """Heads are counted by a number of their own, and a constant fixes their width only on the way back."""

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = (nn.Linear(12, 12) for _ in range(3))
            self.heads, self.width, self.out = 3, 4, nn.Linear(12, 12)

        def forward(self, x):
            parts = (layer(x).view(2, -1, self.heads, self.width) for layer in (self.query, self.key, self.value))
            q, k, v = (part.transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
            return self.out(mixed.reshape(2, -1, self.heads * self.width))

    graph = trace(nn.Sequential(nn.Linear(12, 12), Attention(), nn.Linear(12, 2)), TEXT)
    assert {group.name: group.count for group in graph.groups()} == {"0": 12, "1.query": 3, "1.out": 12}
