"""A model behind its input layer, so that raw inputs go in everywhere."""

from __future__ import annotations

from typing import Any

from torch import nn

from burnish.models.auxiliary import AuxiliaryOutput


class WithInput(nn.Module):
    """Run an input layer (normalisation, table encoding), then a model.

    The training statistics travel with the weights as buffers of ``input``, and attacks stay bounded in pixel space,
    while ``model`` keeps its published state-dict layout. Attributes are not forwarded: ask ``.model``.

    Args:
        input: what raw inputs pass first.
        model: any module.
        output: what its outputs pass last, such as the scale of a number to predict.

    >>> import torch
    >>> from burnish.layers.normalise import Normalise
    >>> wrapped = WithInput(Normalise([0.5], [0.25]), nn.Flatten())
    >>> wrapped(torch.ones(1, 1, 1, 2)).tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, input: nn.Module, model: nn.Module, output: nn.Module | None = None) -> None:
        super().__init__()
        self.input = input
        self.model = model
        self.output = output

    def forward(self, inputs: Any) -> Any:
        outputs = self.model(self.input(inputs))
        if self.output is None:
            return outputs
        return outputs.map(self.output) if isinstance(outputs, AuxiliaryOutput) else self.output(outputs)
