"""A small trained classifier with fresh samples, and attacks written by hand."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import burnish.data
from burnish.common.seeding import preserved_rng

EPS = 0.15


def everything(source):
    return source.gather(torch.arange(len(source)))


def fgsm(model, inputs, labels, eps=EPS):
    inputs = inputs.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(model(inputs), labels), inputs)
    return (inputs.detach() + eps * gradient.sign()).clamp(0, 1)


@pytest.fixture(scope="session")
def digits():
    """A small net that fits handwritten digits, and samples that it has not seen, in three parts."""
    data = burnish.data.load("digits")
    inputs, labels = everything(data.train)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    with preserved_rng():
        torch.manual_seed(0)
        for layer in net:
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(80):
        optimizer.zero_grad()
        F.cross_entropy(net(inputs[:600]), labels[:600]).backward()
        optimizer.step()
    net.zero_grad()
    net.eval()
    held_out = (everything(data.validation), everything(data.test))
    rest_inputs, rest_labels = (torch.cat(pair) for pair in zip(*held_out, strict=True))
    return SimpleNamespace(
        model=net,
        fitting=inputs[600:],
        fitting_labels=labels[600:],
        fresh=rest_inputs,
        fresh_labels=rest_labels,
        attacked_fitting=fgsm(net, inputs[600:], labels[600:]),
        attacked_fresh=fgsm(net, rest_inputs, rest_labels),
    )
