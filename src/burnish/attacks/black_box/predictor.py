"""Any function that answers, behind a budget of queries."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from burnish.attacks.black_box.answers import labels_from
from burnish.common.errors import InputError

_OTHER_FORM = (TypeError, AttributeError, ValueError)
"""What functions raise that were given a tensor where they want an array."""


class Unanswered(InputError):  # noqa: N818 - named after what is missing
    """Some samples have no answer: the function failed, or the budget is used up.

    Attributes:
        labels: the answers to the samples before ``(n,)``; they are paid for.
    """

    def __init__(self, message: str, labels: Tensor) -> None:
        super().__init__(message)
        self.labels = labels


class Predictor:
    """Ask a function for classes, count every sample that it is given, and never ask more than the budget allows.

    Args:
        predict: from a batch ``(N, *)`` to labels ``(N,)`` or scores ``(N, classes)``: probabilities or logits. A
            module must be in evaluation mode. It gets a copy of the batch.
        budget: samples that may be asked about; None for no limit.
        num_classes: how many there are; scores tell by themselves.
        batch_size: samples in one call.
        takes: what the function is given. ``auto`` gives a tensor, and an array where the very first sample as a tensor
            raises an error of type or value; that sample then counts twice.
        name: of the function in messages; its own by default.

    Attributes:
        queries: samples asked about so far, those of a failed call included.

    Raises:
        InputError: a number below 1, something that cannot be called, or a module in training mode.

    >>> target = Predictor(lambda rows: (rows.sum(1) > 1.0).long(), budget=3)
    >>> target(torch.tensor([[0.9, 0.9], [0.1, 0.1]])), target.queries, target.left
    (tensor([1, 0]), 2, 1)
    """

    def __init__(
        self,
        predict: Callable[[Any], Any],
        *,
        budget: int | None = None,
        num_classes: int | None = None,
        batch_size: int = 256,
        takes: Literal["auto", "tensor", "array"] = "auto",
        name: str | None = None,
    ) -> None:
        if not callable(predict):
            raise InputError(f"a predict function must be callable, got {type(predict).__name__}")
        for what, number, least in (
            ("budget", budget, 1),
            ("num_classes", num_classes, 2),
            ("batch_size", batch_size, 1),
        ):
            if number is not None and number < least:
                raise InputError(f"{what} of a predict function must be at least {least}, got {number}")
        if isinstance(predict, nn.Module):
            if any(module.training for module in predict.modules()):
                raise InputError("the model to ask is in training mode, or a part of it: call .eval() first")
            takes = "tensor"
        self.predict = predict
        self.budget = budget
        self.num_classes = num_classes
        self.batch_size = batch_size
        self.takes = takes
        self.name = str(name or getattr(predict, "__qualname__", type(predict).__name__))
        self.queries = 0

    @property
    def left(self) -> int | None:
        """Queries that the budget still allows; None for no limit."""
        return None if self.budget is None else self.budget - self.queries

    def unlimited(self) -> Predictor:
        """The same function with an account of its own, to measure what came of an attack that is over."""
        return Predictor(
            self.predict,
            num_classes=self.num_classes,
            batch_size=self.batch_size,
            takes=self.takes,
            name=self.name,
        )

    def __call__(self, inputs: Tensor) -> Tensor:
        """The class of each sample.

        Args:
            inputs: ``(N, *)``.

        Returns:
            Labels ``(N,)``, int64, where the inputs are.

        Raises:
            Unanswered: the function raised an error, its answer cannot be read, or the budget ran out; what was
                answered before travels with the error.
        """
        answers: list[Tensor] = []
        try:
            for start, stop in self._batches(len(inputs)):
                if self.left == 0:
                    raise InputError(
                        f"the budget of {self.budget} queries to {self.name} is used up, "
                        f"{len(inputs) - start} of {len(inputs)} samples have no answer"
                    )
                answers.append(self._asked(inputs[start:stop]))
        except InputError as error:
            done = torch.cat(answers) if answers else torch.empty(0, dtype=torch.int64)
            raise Unanswered(str(error), done.to(inputs.device)) from error.__cause__
        return (torch.cat(answers) if answers else torch.empty(0, dtype=torch.int64)).to(inputs.device)

    def _batches(self, count: int) -> list[tuple[int, int]]:
        """Where each call starts and stops; the first is of one sample while the form is unknown."""
        first = min(1, count) if self.takes == "auto" else 0
        within = min(count, self.left) if self.left is not None else count
        edges = {0, first, count, *range(first, within, self.batch_size), within}
        return list(itertools.pairwise(sorted(edges)))

    def _asked(self, chunk: Tensor) -> Tensor:
        if self.takes != "auto":
            return self._read(self._call(chunk, self.takes), len(chunk))
        try:
            answer = self._call(chunk, "tensor")
        except InputError as error:
            if not isinstance(error.__cause__, _OTHER_FORM) or self.left == 0:
                raise
            try:
                answer = self._call(chunk, "array")
            except InputError as second:
                raise InputError(f"{error}; {second}") from second.__cause__
            self.takes = "array"
        else:
            self.takes = "tensor"
        return self._read(answer, len(chunk))

    def _call(self, chunk: Tensor, form: str) -> Any:
        self.queries += len(chunk)  # before the call: one that fails may have been charged for
        given: Any = chunk.detach().clone()
        if isinstance(self.predict, nn.Module):
            given = given.to(next(itertools.chain(self.predict.parameters(), self.predict.buffers()), given).device)
        elif form == "array":
            given = given.cpu().numpy()
        try:
            with torch.no_grad():
                return self.predict(given)
        except Exception as error:
            said = " ".join(str(error).split())
            kind = "an array" if form == "array" else "a tensor"
            raise InputError(
                f"{self.name} raised {type(error).__name__}: {said} (given {kind} of shape {tuple(chunk.shape)}, "
                f"after {self.queries - len(chunk)} queries)"
            ) from error

    def _read(self, answer: Any, count: int) -> Tensor:
        labels, width = labels_from(answer, count, self.name)
        if self.num_classes is None:
            self.num_classes = width
        if width not in (None, self.num_classes):
            raise InputError(f"{self.name} gave scores of {width} classes, where {self.num_classes} are known")
        if self.num_classes is not None and int(labels.max()) >= self.num_classes:
            raise InputError(
                f"{self.name} gave the class {int(labels.max())}, where there are {self.num_classes}: "
                f"classes are numbered from 0 to {self.num_classes - 1}"
            )
        return labels


class Decisions(nn.Module):
    """A predict function as a module, for attacks that need decisions alone, such as :class:`HopSkipJump`.

    Its output is 0 for the class that was answered and -1 for the others, ``(N, classes)``. A budget ends such an
    attack with an error: give the attack ``max_queries=budget // samples``, so that it stops in time.

    Args:
        predict: a function or a :class:`Predictor`.
        num_classes: how many classes there are; not needed where the predictor knows.

    Raises:
        InputError: the number of classes is not known.

    >>> Decisions(lambda rows: (rows.sum(1) > 1.0).long(), num_classes=2)(torch.tensor([[0.9, 0.9]]))
    tensor([[-1.,  0.]])
    """

    def __init__(self, predict: Predictor | Callable[[Any], Any], num_classes: int | None = None) -> None:
        super().__init__()
        self.predictor = predict if isinstance(predict, Predictor) else Predictor(predict, num_classes=num_classes)
        known = num_classes or self.predictor.num_classes
        if known is None:
            raise InputError(f"how many classes does {self.predictor.name} tell apart? Pass num_classes=")
        self.num_classes = known
        self.eval()

    def forward(self, inputs: Tensor) -> Tensor:
        labels = self.predictor(inputs)
        return nn.functional.one_hot(labels, self.num_classes).to(inputs.dtype) - 1
