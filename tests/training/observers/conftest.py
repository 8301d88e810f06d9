"""A small engine, and one whose validation follows a script."""

import pytest
import torch
from torch import nn

from burnish.common.intervals import Estimate
from burnish.data.loaders.loader import make_loader
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.tasks import Classification, Evaluation
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions

SCHEMA = Schema("table", "classification", (4,), classes=("a", "b", "c"))


class Scripted(Classification):
    """A task whose validation gives one value after another; the loss is the best of them by the lowest."""

    def __init__(self, schema, values, watched):
        super().__init__(schema)
        self.values = iter(values)
        self.watched = watched

    def evaluate(self, model, batches, confidence=0.95):
        value = next(self.values)
        return Evaluation({self.watched[0]: Estimate(value, value, value, 10)})


@pytest.fixture
def make_engine():
    """An engine on 24 samples, 3 steps an epoch; ``values`` scripts what validation finds, epoch by epoch."""

    def make(values=None, watched=("accuracy", "max"), validated=True, **options):
        random = torch.Generator().manual_seed(0)
        inputs, targets = torch.randn(24, 4, generator=random), torch.randint(3, (24,), generator=random)
        source = TensorSource(inputs, targets)
        torch.manual_seed(0)
        model = nn.Linear(4, 3)
        task = Classification(SCHEMA) if values is None else Scripted(SCHEMA, values, watched)
        given = TrainingOptions(**{"epochs": 4, "batch_size": 8, "log_every": 1000} | options)
        loader = make_loader(source, 8, shuffle=True, seed=0)
        validation = make_loader(source, 24, shuffle=False, seed=0) if validated else None
        resolved = resolve_options(given, SCHEMA, task.name, 24)
        return Engine(model, task, loader, resolved, validation=validation)

    return make
