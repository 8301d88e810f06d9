"""A number (or several) for every sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, mean
from burnish.data.batch import Batch
from burnish.models.auxiliary import main_output
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task

_SHOWN = 500


class Regression(Task):
    """Mean squared error on outputs ``(batch,)`` or ``(batch, targets)`` against float targets of as many numbers.

    Targets keep their own units; a model from :func:`burnish.models.for_data` starts at the scale of the training
    targets. The loss of a sample is the mean over its targets.
    """

    name = "regression"
    watched = ("loss", "min")

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Squared error, averaged over the targets of a sample ``(batch,)``.

        Raises:
            InputError: the model gives more or fewer numbers a sample than there are targets.
        """
        return self._error(output, batch).square().mean(dim=1)

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        """``absolute_error``, averaged over the targets of a sample ``(batch,)``."""
        return {"absolute_error": self._error(output, batch).abs().mean(dim=1)}

    def predict(self, output: Any) -> dict[str, Tensor]:
        """The numbers: ``(batch,)`` for one target, else ``(batch, targets)``."""
        return {"prediction": _columns(main_output(output)).squeeze(1)}

    def truth(self, batch: Batch) -> dict[str, Tensor]:
        """The targets, shaped as the predictions are."""
        return {"truth": _columns(batch.targets).squeeze(1)}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        """``r2`` with its interval where the targets vary; the first residuals, for a picture."""
        truth, prediction = _columns(samples["truth"]), _columns(samples["prediction"])
        found = r2(truth, prediction, confidence)
        shown = slice(0, _SHOWN)
        residuals = {"target": truth.flatten()[shown].tolist(), "prediction": prediction.flatten()[shown].tolist()}
        return {"r2": found} if found is not None else {}, {"residuals": residuals}

    def show(self, batch: Batch, position: int) -> Shown:
        """The input of one sample."""
        return show_input(self.schema, batch, position)

    @staticmethod
    def _error(output: Any, batch: Batch) -> Tensor:
        found, wanted = _columns(main_output(output)), _columns(batch.targets)
        if found.shape != wanted.shape:
            raise InputError(
                f"the model gives {found.shape[1]} numbers a sample, the data have {wanted.shape[1]} targets: "
                "give the model as many outputs"
            )
        return found - wanted


def r2(truth: Tensor, prediction: Tensor, confidence: float = 0.95) -> Estimate | None:
    """Share of the targets' variance that predictions explain, averaged over targets; None where no target varies.

    The interval is the normal one at the standard error that the delta method gives for one minus the ratio of two
    means, squared error over squared deviation.

    Args:
        truth: ``(samples, targets)``.
        prediction: ``(samples, targets)``.
        confidence: level of the interval.

    >>> r2(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[1.0], [2.0], [4.0]])).value
    0.5
    """
    truth, prediction = truth.double(), prediction.double()
    error = (truth - prediction).square()
    spread = (truth - truth.mean(dim=0)).square()
    varies = spread.sum(dim=0) > 0
    if not varies.any():
        return None
    error, spread = error[:, varies], spread[:, varies]
    ratio = error.mean(dim=0) / spread.mean(dim=0)
    influence = ((error - ratio * spread) / spread.mean(dim=0)).mean(dim=1)
    found = mean(1 - ratio.mean().item(), influence.std().item(), len(truth), confidence)
    return replace(found, high=min(found.high, 1.0))


def _columns(numbers: Tensor) -> Tensor:
    return numbers.to(torch.float32).reshape(len(numbers), -1)
