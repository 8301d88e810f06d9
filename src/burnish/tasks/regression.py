"""A number (or several) for every sample."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.common.intervals import Estimate
from burnish.data.batch import Batch
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task


class Regression(Task):
    """Mean squared error on outputs ``(batch, 1)`` or ``(batch, targets)`` against float targets.

    Targets keep their own units; a model from :func:`burnish.models.for_data` scales its output with the training
    targets' mean and deviation, so that the loss below is divided by their variance alone through the learning rate.
    """

    name = "regression"
    watched = ("loss", "min")

    def loss(self, output: Any, batch: Batch) -> Tensor:
        return self._error(output, batch).square().mean(dim=1)

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        return {"absolute_error": self._error(output, batch).abs().mean(dim=1)}

    def predict(self, output: Any) -> dict[str, Tensor]:
        return {"prediction": output.float().flatten(1).squeeze(1)}

    def truth(self, batch: Batch) -> dict[str, Tensor]:
        return {"truth": batch.targets.float()}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        truth, prediction = samples["truth"].double(), samples["prediction"].double()
        spread = (truth - truth.mean(dim=0)).square().sum()
        r2 = (1 - (truth - prediction).square().sum() / spread).item() if spread > 0 else float("nan")
        shown = slice(0, 500)
        residuals = {"target": truth.flatten()[shown].tolist(), "prediction": prediction.flatten()[shown].tolist()}
        return {}, {"r2": r2, "residuals": residuals}

    def show(self, batch: Batch, position: int) -> Shown:
        return show_input(self.schema, batch, position)

    @staticmethod
    def _error(output: Tensor, batch: Batch) -> Tensor:
        targets = batch.targets.to(torch.float32)
        return output.float().flatten(1) - targets.reshape(len(targets), -1)
