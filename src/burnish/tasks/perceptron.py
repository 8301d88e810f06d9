"""Rosenblatt's learning rule: no gradient, no loss surface, only mistakes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.tasks.classification import Classification, labels
from burnish.tasks.stepper import Stepper


class PerceptronRule(Classification):
    """Add a mistaken sample to the weights of its class and take it from those of the class that was chosen.

    Source: Rosenblatt 1958, "The perceptron", Psychological Review 65(6); the form for several classes is Duda, Hart
    and Stork 2001, section 5.12.1 (Kesler's construction). For two classes, half the difference of their weights moves
    by ``w += y x`` on mistakes. The step has no rate: from zero weights, scaling all of them changes no decision.
    Larger batches step by the mean of their samples' corrections.

    The reported loss is the perceptron criterion, ``max(0, best wrong score - score of the true class)``.
    """

    name = "perceptron"
    own_gradients = True

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """The perceptron criterion ``(batch,)``: by how much a wrong class outdoes the true one."""
        scores: Tensor = output
        truth = labels(batch)[:, None]
        best_wrong = scores.scatter(1, truth, float("-inf")).amax(dim=1)
        return (best_wrong - scores.gather(1, truth).squeeze(1)).clamp(min=0)

    def predict(self, output: Any) -> dict[str, Tensor]:
        """The class of the highest score ``(batch,)``; the rule's scores are no logits and hold no probability."""
        return {"prediction": output.argmax(dim=1)}

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """The mean of :meth:`loss`."""
        return self.loss(output, batch).mean()

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Set ``.grad`` to minus the rule's step and let the optimizer (plain SGD at rate 1) take it.

        Raises:
            InputError: the model has no linear layer, or several.
        """
        layer = linear_layer(engine.module)
        seen: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            with torch.no_grad():
                output = self.forward(engine.module, batch)
        finally:
            hook.remove()
        classes = output.shape[1]
        truth, chosen = labels(batch), output.argmax(dim=1)
        direction = nn.functional.one_hot(truth, classes) - nn.functional.one_hot(chosen, classes)
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

    >>> linear_layer(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)))
    Linear(in_features=4, out_features=2, bias=True)
    """
    layers = [child for child in module.modules() if isinstance(child, nn.Linear)]
    if len(layers) != 1:
        raise InputError(
            f"the perceptron rule trains one linear layer, {type(module).__name__} has {len(layers)}: "
            "use --model perceptron, or the classification task for deeper models"
        )
    return layers[0]
