"""Attacks that see nothing of the target but the classes that it answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from burnish.attacks.attack import Attack as AnyAttack
from burnish.attacks.black_box.hop_skip_jump import HopSkipJump
from burnish.attacks.black_box.predictor import Decisions, Predictor
from burnish.attacks.black_box.substitute import substitute
from burnish.attacks.control import noise_of_equal_size
from burnish.attacks.norms import Norm
from burnish.attacks.suites.catalogue import create
from burnish.attacks.suites.suite import Suite
from burnish.attacks.suites.suite_result import SuiteResult, Trial
from burnish.attacks.transfer import plain
from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.common.seeding import generator, preserved_rng
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.choice import radius
from burnish.verbs.attacking.samples import Samples
from burnish.verbs.attacking.target import Target
from burnish.verbs.attacking.work import Progress

FIRST = 150
"""Samples that a substitute first asks about, as in Papernot et al. 2016, arXiv:1602.02697, section 5.1."""
_BUDGET = 2000
_FOR_EACH = 1000
_STEPS = 40


class Found(NamedTuple):
    """What a black-box attack did to the samples, and how it came to know the target."""

    result: SuiteResult
    account: dict[str, Any]


def by_substitute(options: Attack, target: Target, samples: Samples, first: Tensor, progress: Progress) -> Found:
    """Learn a substitute from answers, attack it, and judge on the target, after every round of questions.

    Args:
        options: of the verb.
        target: what answers.
        samples: to attack.
        first: other inputs ``(M, *)`` to begin the questions with.
        progress: told what happens.

    Raises:
        InputError: the target raises an error, or answers with something else than classes.
    """
    started = time.perf_counter()
    budget = _BUDGET if options.queries is None else options.queries
    classes = len(target.data.schema.classes)
    asked = Predictor(
        target.answers, budget=budget, num_classes=classes, batch_size=options.batch_size, name=target.name
    )
    if len(first) > budget:
        first = first[:budget]
    progress.say(f"learning a substitute of {target.name} from {budget:,} answers")
    learnt = substitute(asked, first, seed=options.seed, step=radius(options) if options.norm == "linf" else 0.1)
    judge = asked.unlimited()
    with preserved_rng():
        right = judge(samples.inputs) == samples.labels
        _check_right(right)
        rounds, made, robust = [], samples.inputs, right
        for number, one in enumerate(learnt.rounds):
            attack = _on_substitute(options, learnt.after(number))
            progress.start(f"PGD on the substitute after {one.queries:,} answers", len(samples))
            made = attack(samples.inputs, samples.labels)
            robust = right & (judge(made) == samples.labels)
            rounds.append({**one.row(), "success": plain(_fooled(right, robust, options.confidence))})
        random = generator(options.seed, "noise of equal size")
        noisy = noise_of_equal_size(samples.inputs, made, options.norm, (0.0, 1.0), random)
        noise = _fooled(right, right & (judge(noisy) == samples.labels), options.confidence)
    trial = ("substitute", {"rounds": len(rounds)}, learnt.queries, time.perf_counter() - started)
    result = _judged(options, samples, made, right, robust, trial)
    account = {
        "method": "substitute",
        "budget": budget,
        "queries": learnt.queries,
        "judging": judge.queries,
        "rounds": rounds,
        "noise": plain(noise),
        "stopped": learnt.stopped,
    }
    return Found(result, account)


def by_decisions(options: Attack, target: Target, samples: Samples, progress: Progress) -> Found:
    """Walk along the boundary between classes, which takes nothing but answers.

    Args:
        options: of the verb; ``queries`` are those of each sample.
        target: what answers.
        samples: to attack.
        progress: told what happens.

    Raises:
        InputError: the target raises an error, answers with something else than classes, or the norm is l1.
    """
    each = _FOR_EACH if options.queries is None else options.queries
    asked = Predictor(
        target.answers, num_classes=len(target.data.schema.classes), batch_size=options.batch_size, name=target.name
    )
    norm: Norm = options.norm
    attack = HopSkipJump(
        Decisions(asked),
        eps=radius(options),
        norm=norm,
        max_queries=each,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    suite = Suite("hop-skip-jump", (attack,))
    result = suite.run(samples.inputs, samples.labels, confidence=options.confidence, on_start=progress.start)
    return Found(result, {"method": "hop-skip-jump", "budget": None, "queries": asked.queries, "for_each": each})


def _on_substitute(options: Attack, model: torch.nn.Module) -> AnyAttack:
    steps = _STEPS if options.steps is None else options.steps
    shared = {"norm": options.norm, "batch_size": options.batch_size, "seed": options.seed}
    attack = create("pgd", model, eps=radius(options), steps=steps, **shared)
    return replace(attack, skip_wrong=False, early_stop=False)


def _check_right(right: Tensor) -> None:
    if not bool(right.any()):
        raise InputError(
            f"none of the {len(right)} samples is classified as its label says, so there is no robustness to measure: "
            "check the labels, and that the inputs are what the model was trained on"
        )


def _fooled(right: Tensor, robust: Tensor, confidence: float) -> Any:
    return proportion(int((right & ~robust).sum()), int(right.sum()), confidence)


def _judged(
    options: Attack,
    samples: Samples,
    made: Tensor,
    right: Tensor,
    robust: Tensor,
    spent: tuple[str, dict[str, Any], int, float],
) -> SuiteResult:
    """What was made on another model, as the result of one attack."""
    name, own, queries, seconds = spent
    fooled = right & ~robust
    share = proportion(int(robust.sum()), len(right), options.confidence)
    trial = Trial(name, own, int(right.sum()), int(fooled.sum()), share, share, queries, 0, seconds)
    shape = (-1, *(1,) * (made.ndim - 1))
    return SuiteResult(
        suite=name,
        norm=options.norm,
        eps=radius(options),
        trials=(trial,),
        inputs=torch.where(fooled.view(shape), made, samples.inputs),
        labels=samples.labels,
        right=right,
        robust=robust,
        fooled_by=torch.where(fooled, 0, -1),
        confidence=options.confidence,
    )
