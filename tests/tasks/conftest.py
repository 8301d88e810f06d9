"""An engine that only records, so that a task's step can be watched without training."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from burnish.data.schema import Schema


class Recorder:
    """The part of the engine that tasks see, on plain SGD."""

    def __init__(self, module, groups=None, rate=1.0, accumulate=1):
        self.module = self.model = module
        groups = groups or {"model": list(module.parameters())}
        self.optimizers = {name: torch.optim.SGD(group, lr=rate) for name, group in groups.items()}
        self.groups, self.accumulate, self.needs_closure = groups, accumulate, False
        self.step = self.epoch = 0
        self.calls = []

    def precision(self):
        return nullcontext()

    def parts(self, batch):
        size = max(-(-len(batch) // self.accumulate), 1)
        for start in range(0, len(batch), size):
            yield batch.part(start, min(start + size, len(batch)))

    def backward(self, loss, name=None, *, share=1.0):
        self.calls.append(("backward", name, loss.item()))
        loss.backward(inputs=self.groups[name or "model"])

    def update(self, name=None):
        self.calls.append(("update", name))
        self.optimizers[name or "model"].step()
        self.optimizers[name or "model"].zero_grad()

    def note(self, **values):
        self.noted = {name: value.item() for name, value in values.items()}


@pytest.fixture
def recorder():
    return Recorder


@pytest.fixture
def classes() -> Schema:
    return Schema("table", "classification", (4,), classes=("a", "b", "c"))


@pytest.fixture
def linear():
    """A linear layer with reproducible weights."""

    def make(inputs, outputs):
        torch.manual_seed(0)
        return nn.Linear(inputs, outputs)

    return make
