"""A model of one's own that learns what a predict function answers, so that it can be attacked in its place."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from burnish.attacks.black_box.jacobian_augmentation import jacobian_augmented, reservoir, signed_length
from burnish.attacks.black_box.predictor import Predictor, Unanswered
from burnish.attacks.black_box.small_network import small_network
from burnish.attacks.black_box.substitute_result import Substitute, SubstituteRound
from burnish.attacks.black_box.substitute_training import train_substitute_
from burnish.attacks.checks import Bounds, check_inputs
from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion
from burnish.common.module_state import evaluating
from burnish.common.seeding import derive_seed, generator, preserved_rng
from burnish.models.auxiliary import main_output
from burnish.models.registry import create

Predict = Predictor | Callable[[Any], Any]

USUAL_BUDGET = 2000


def substitute(
    predict: Predict,
    inputs: Tensor,
    *,
    model: nn.Module | str | None = None,
    num_classes: int | None = None,
    budget: int | None = None,
    rounds: int | None = None,
    step: float | Tensor = 0.1,
    period: int | None = None,
    most_new: int | None = None,
    held_out: Tensor | None = None,
    bounds: Bounds = (0.0, 1.0),
    epochs: int = 20,
    learning_rate: float = 2e-3,
    batch_size: int = 32,
    seed: int = 0,
) -> Substitute:
    """Train a substitute of a model that only answers, on questions that are chosen where they tell most.

    Source: Papernot et al. 2016, "Practical black-box attacks against machine learning", arXiv:1602.02697, algorithm 1;
    the changing sign of the step and the reservoir are from Papernot, McDaniel and Goodfellow 2016, "Transferability in
    machine learning", arXiv:1605.07277. Changed: Adam takes the place of plain momentum, and the steps lead out of the
    class that was answered, where the papers' first ones lead into it.

    The answers decide nothing but classes: scores are used for their largest alone. Global generators are left as they
    are, and a module that is given is copied.

    Args:
        predict: the target: a function or module from a batch to labels or scores, or a :class:`Predictor`.
        inputs: the first questions ``(N, *)``, some of every class; a hundred or two are usual.
        model: the substitute's architecture: a module, a name of the zoo, or by default a small one.
        num_classes: not needed where scores or a module tell.
        budget: samples that the target may be asked about; 2,000, or what the predictor has left.
        rounds: most rounds of training; by default until the budget is used up.
        step: lambda, how far a new sample lies from its origin, in the units of the inputs.
        period: rounds after which the sign of the step changes; by default it stays. The papers' choice, a step of -0.1
            with a period of 3, was the weaker one in ``benchmarks/attack_substitute.py``.
        most_new: most new samples a round; the number doubles otherwise, while the budget lasts.
        held_out: other inputs ``(M, *)`` on which to measure agreement; asked beside the budget.
        bounds: smallest and largest value of an input.
        epochs, learning_rate, batch_size: of the training of each round, which goes on where the last one ended.
        seed: of weights, order and choice.

    Raises:
        InputError: something given cannot be used, or the target answered nothing. Where it fails later there is a
            warning, and what was learnt until then is given back.

    >>> target = lambda x: (x.sum(1) > 1.0).long()
    >>> found = substitute(target, torch.rand(20, 2), num_classes=2, budget=60, epochs=2)
    >>> [one.queries for one in found.rounds], found.stopped
    ([20, 40, 60], 'the budget is used up')
    """
    target = _target(predict, budget, num_classes)
    _check(inputs, target, rounds, period, most_new, epochs, bounds)
    random = generator(seed, "substitute")
    with preserved_rng(), torch.inference_mode(False):
        inputs = inputs.detach().clone()
        judge = target.unlimited()
        known = None if held_out is None else judge(held_out)
        target.takes, target.num_classes = judge.takes, judge.num_classes
        torch.manual_seed(derive_seed(seed, "substitute"))
        learner, first = _learner(model, inputs, target)
        answers, failed = _asked(target, inputs[len(first) :])
        labels = torch.cat([first, answers])
        if not len(labels):
            raise InputError(failed)
        inputs = inputs[: len(labels)]
        _check_classes(labels, target.name)
        done: list[SubstituteRound] = []
        while True:
            loss = train_substitute_(
                learner,
                inputs,
                labels,
                epochs=epochs,
                learning_rate=learning_rate,
                batch_size=batch_size,
                generator=random,
            )
            agreement = None if held_out is None or known is None else _agreement(learner, held_out, known)
            weights = {name: value.detach().clone() for name, value in learner.state_dict().items()}
            done.append(SubstituteRound(target.queries, len(inputs), loss, agreement, weights))
            if failed or target.left == 0 or len(done) == rounds:
                break
            room = min(limit for limit in (target.left, most_new, len(inputs)) if limit is not None)
            chosen = reservoir(len(inputs), room, random).to(inputs.device)
            length = signed_length(step, len(done) - 1, period)
            new = jacobian_augmented(learner, inputs[chosen], labels[chosen], length, bounds)
            answers, failed = _asked(target, new)
            if not len(answers):
                break
            inputs = torch.cat([inputs, new[: len(answers)]])
            labels = torch.cat([labels, answers])
    if failed:
        warnings.warn(f"the substitute learnt from {len(labels)} answers only: {failed}", stacklevel=2)
    used_up = "the budget is used up" if target.left == 0 else f"all {rounds} rounds are done"
    return Substitute(learner, tuple(done), inputs, labels, failed or used_up, judge.queries)


def _asked(target: Predictor, inputs: Tensor) -> tuple[Tensor, str]:
    """The target's answers, as many as it gave, and what went wrong after them."""
    try:
        return target(inputs), ""
    except Unanswered as error:
        return error.labels, str(error)


def _check_classes(labels: Tensor, name: str) -> None:
    if len(labels.unique()) < 2:
        raise InputError(
            f"{name} gave class {int(labels[0])} to all {len(labels)} inputs, so there is nothing to learn: "
            "give first inputs of several classes"
        )


def _target(predict: Predict, budget: int | None, num_classes: int | None) -> Predictor:
    if not isinstance(predict, Predictor):
        return Predictor(predict, budget=USUAL_BUDGET if budget is None else budget, num_classes=num_classes)
    if budget is not None:
        raise InputError(f"the predictor has a budget of its own ({predict.budget}): leave out budget={budget}")
    if num_classes is not None and predict.num_classes not in (None, num_classes):
        raise InputError(f"the predictor tells {predict.num_classes} classes apart, not num_classes={num_classes}")
    predict.num_classes = predict.num_classes or num_classes
    return predict


def _check(
    inputs: Tensor,
    target: Predictor,
    rounds: int | None,
    period: int | None,
    most_new: int | None,
    epochs: int,
    bounds: Bounds,
) -> None:
    check_inputs(inputs, bounds)
    for name, number in (("rounds", rounds), ("period", period), ("most_new", most_new), ("epochs", epochs)):
        if number is not None and number < 1:
            raise InputError(f"{name} of a substitute must be at least 1, got {number}")
    if target.left is None and rounds is None:
        raise InputError("without a budget the rounds would never end: give the predictor a budget, or pass rounds=")
    if target.left is not None and len(inputs) > target.left:
        raise InputError(
            f"{len(inputs)} first inputs cannot be asked about with {target.left} queries: "
            "give fewer inputs or a larger budget"
        )


def _learner(model: nn.Module | str | None, inputs: Tensor, target: Predictor) -> tuple[nn.Module, Tensor]:
    """The untrained substitute, and the answers that it took to know how many classes there are ``(0 or 1,)``."""
    first = torch.empty(0, dtype=torch.int64, device=inputs.device)
    own, width = None, None
    if isinstance(model, nn.Module):
        own = copy.deepcopy(model).to(inputs.device)
        width = _width(own, inputs)
    if target.num_classes is None and width is None:
        first = target(inputs[:1])  # one answer tells whether it has scores
        if target.num_classes is None:
            raise InputError(
                f"{target.name} answers with labels, which do not say how many there are: pass num_classes="
            )
    classes = target.num_classes or width
    assert classes is not None
    target.num_classes = classes
    if own is not None:
        if width != classes:
            raise InputError(f"the substitute has {width} outputs, where {target.name} has {classes} classes")
        return own, first
    if isinstance(model, str):
        size = (inputs.shape[2], inputs.shape[3]) if inputs.ndim == 4 else None
        return create(model, classes, inputs.shape[1], size).to(inputs.device), first
    return small_network(inputs, classes).to(inputs.device), first


def _width(model: nn.Module, inputs: Tensor) -> int:
    with evaluating(model):
        output = main_output(model(inputs[:2]))
    if not isinstance(output, Tensor) or output.ndim != 2:
        raise InputError("a substitute must give logits (N, classes): the output of this module has another form")
    return output.shape[1]


def _agreement(model: nn.Module, held_out: Tensor, known: Tensor) -> Estimate:
    with evaluating(model):
        same = [
            main_output(model(part)).argmax(dim=1) == answer
            for part, answer in zip(held_out.split(256), known.split(256), strict=True)
        ]
    return proportion(int(torch.cat(same).sum()), len(known))
