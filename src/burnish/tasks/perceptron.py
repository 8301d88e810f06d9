"""Rosenblatt's learning rule: no gradient, no loss surface, only mistakes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.tasks.classification import Classification
from burnish.tasks.stepper import Stepper


class PerceptronRule(Classification):
    """Add a mistaken sample to the weights of its class and take it from those of the class that was chosen.

    Source: Rosenblatt 1958, "The perceptron", Psychological Review 65(6); the form for several classes is Duda, Hart and
    Stork 2001, section 5.12.1 (Kesler's construction). For two classes it is the rule ``w += y x`` on mistakes. The step
    has no rate: from zero weights, scaling all of them changes no decision. Larger batches step by the mean of their
    samples' corrections.

    The reported loss is the perceptron criterion, ``max(0, best wrong score - score of the true class)``.
    """

    name = "perceptron"
    own_gradients = True

    def loss(self, output: Any, batch: Batch) -> Tensor:
        labels = self._labels(batch)
        true_score = output.gather(1, labels[:, None]).squeeze(1)
        others = output.scatter(1, labels[:, None], float("-inf"))
        return (others.amax(dim=1) - true_score).clamp(min=0)

    def predict(self, output: Any) -> dict[str, Tensor]:
        return {"prediction": output.argmax(dim=1)}  # scores of the rule are no logits: they hold no probability

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        return self.loss(output, batch).mean()

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Set ``.grad`` to minus the rule's step and let the optimizer (plain SGD at rate 1) take it."""
        layer = linear_layer(engine.module)
        seen: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            with torch.no_grad():
                output = self.forward(engine.module, batch)
        finally:
            hook.remove()
        labels = self._labels(batch)
        classes = output.shape[1]
        direction = nn.functional.one_hot(labels, classes) - nn.functional.one_hot(output.argmax(dim=1), classes)
        scale = batch.weight / len(batch)
        layer.weight.grad = -(direction.T.to(seen[0].dtype) @ seen[0]) * scale
        if layer.bias is not None:
            layer.bias.grad = -direction.sum(dim=0).to(seen[0].dtype) * scale
        engine.update()
        return self.loss(output, batch).mean()


def linear_layer(module: nn.Module) -> nn.Linear:
    """The one linear layer of a perceptron.

    Raises:
        InputError: the module has none, or several.
    """
    layers = [child for child in module.modules() if isinstance(child, nn.Linear)]
    if len(layers) != 1:
        raise InputError(
            f"the perceptron rule trains one linear layer, {type(module).__name__} has {len(layers)}: "
            "use --model perceptron, or the classification task for deeper models"
        )
    return layers[0]
