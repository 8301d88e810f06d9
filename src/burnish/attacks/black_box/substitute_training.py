"""Teach a substitute the target's answers."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.auxiliary import weighted_loss


def train_substitute_(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    generator: torch.Generator,
) -> float:
    """Train a module on samples and the classes that the target gave them, with Adam; leave it in evaluation mode.

    Args:
        model: from ``(N, *)`` to logits ``(N, classes)``; changed.
        inputs: ``(N, *)``.
        labels: ``(N,)``.
        epochs: how often every sample is shown.
        learning_rate: of Adam.
        batch_size: samples of a step; the last batches are made equal, so that none is too small for a BatchNorm.
        generator: of the order.

    Returns:
        The mean loss of the last epoch.

    Raises:
        InputError: the loss became NaN or infinite.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    total = 0.0
    with torch.enable_grad():
        for _ in range(epochs):
            total = 0.0
            order = torch.randperm(len(inputs), generator=generator).to(inputs.device)
            for chosen in order.tensor_split(max(1, len(inputs) // batch_size)):
                optimizer.zero_grad()
                loss = weighted_loss(partial(F.cross_entropy, target=labels[chosen]), model(inputs[chosen]))
                loss.backward()
                optimizer.step()
                total += loss.item() * len(chosen)
    model.eval()
    model.zero_grad(set_to_none=True)
    average = total / len(inputs)
    if not torch.isfinite(torch.tensor(average)):
        raise InputError(f"the loss of the substitute became {average}: try a learning_rate below {learning_rate:g}")
    return average
