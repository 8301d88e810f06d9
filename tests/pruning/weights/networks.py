"""Small networks of every kind whose weights can be removed."""

import torch
import torch.nn.functional as F
from torch import nn

from burnish.pruning.weights.prunable import prunable_weights


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


def cnn() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=2),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


class Tied(nn.Module):
    """A language model whose last layer shares the embedding."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(7, 5)
        self.hidden = nn.Linear(5, 5)
        self.decoder = nn.Linear(5, 7)
        self.decoder.weight = self.embedding.weight

    def forward(self, tokens):
        return self.decoder(torch.tanh(self.hidden(self.embedding(tokens))))


class Recurrent(nn.Module):
    def __init__(self, kind=nn.LSTM):
        super().__init__()
        torch.manual_seed(0)
        self.rnn = kind(4, 5, num_layers=2, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x, need_weights=False)[0].mean(dim=1))


EXAMPLES = {
    "mlp": (mlp, torch.randn(4, 6, generator=torch.Generator().manual_seed(1))),
    "cnn": (cnn, torch.randn(4, 1, 6, 6, generator=torch.Generator().manual_seed(1))),
    "tied": (Tied, torch.arange(4)),
    "lstm": (Recurrent, torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(1))),
    "gru": (lambda: Recurrent(nn.GRU), torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(1))),
    "attention": (Attention, torch.randn(4, 5, 8, generator=torch.Generator().manual_seed(1))),
}


def train(model, inputs, optimizer, steps=20):
    """Learn to put everything into class 1."""
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), torch.ones(len(inputs), dtype=torch.long)).backward()
        optimizer.step()


def zeros(model):
    """Where each weight that the layers see is zero."""
    return {weight.name: weight.value == 0 for weight in prunable_weights(model)}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
