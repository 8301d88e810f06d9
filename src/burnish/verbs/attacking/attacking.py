"""From the options of ``attack`` to its result: open, draw, attack, doubt, keep."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from burnish.attacks.attack import Attack as AnyAttack
from burnish.attacks.checks import check_eps
from burnish.attacks.suites.curve import Curve, curve
from burnish.attacks.suites.false_security import false_security
from burnish.attacks.suites.suite import Suite
from burnish.attacks.transfer import TransferMatrix, transfer_matrix
from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.reporting.robustness import eps_text
from burnish.runs.subject import opened
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.black_box import FIRST, by_decisions, by_substitute
from burnish.verbs.attacking.choice import check_options, chosen_suite, outputs_of, radius, sample_count
from burnish.verbs.attacking.examples import examples
from burnish.verbs.attacking.keeping import file_name, keep, place
from burnish.verbs.attacking.robustness import Robustness
from burnish.verbs.attacking.samples import Samples, drawn
from burnish.verbs.attacking.target import Target, opened_target
from burnish.verbs.attacking.work import Progress, most_seconds

_DOUBTED = 64
"""Samples on which a result is doubted; the cost is some 200 gradients of each."""


def attacked(options: Attack, subject: Any, data: Any, model: nn.Module | None) -> Robustness:
    """Attack, and keep what came of it.

    Args:
        options: of the verb.
        subject: a run, its folder, an import path, a module or a function.
        data: objects given from Python, instead of ``options.data``.
        model: the run's module, where it is the user's own.

    Raises:
        InputError: something given cannot be used; nothing is written then.
    """
    check_options(options)
    proportion(1, 2, options.confidence)  # refuses a level that cannot be, before the work
    started = time.perf_counter()
    with opened_target(options, subject, data, model) as target:
        whole = target.run is None or bool(target.other)
        first = FIRST if options.black_box == "substitute" else 0
        samples = drawn(target.data, options.split, sample_count(options) + first, options.seed, whole=whole)
        for eps in (radius(options), *(options.curve or ())):
            check_eps(eps, (0.0, 1.0), options.norm, tuple(samples.inputs.shape))
        progress = Progress(options.quiet)
        by_gradients = options.black_box is None
        if by_gradients and target.module is None:
            raise InputError(
                f"{target.name} is a function, of which only answers are known: give --black-box substitute or "
                "--black-box hop-skip-jump"
            )
        parts = _white_box(options, target, samples, progress) if by_gradients else None
        parts = parts or _black_box(options, target, samples, progress)
        progress.end()
        folder = place(options, target)
        found = Robustness(
            subject=target.name,
            data=target.data.name,
            split=options.split,
            seed=options.seed,
            class_names=target.data.schema.classes,
            seconds=time.perf_counter() - started,
            run=folder,
            file=folder / file_name(options, parts["result"].suite, radius(options), target.other),
            **parts,
        )
        keep(found.file, found.to_dict(), options, target)
    return found


def _white_box(options: Attack, target: Target, samples: Samples, progress: Progress) -> dict[str, Any]:
    assert target.module is not None
    with ExitStack() as stack:
        others = _others(options, target, stack)
        outputs = outputs_of(target.module, samples.inputs, target.device)
        suite = chosen_suite(options, progress.watched(target.module), outputs)
        progress.limit(most_seconds(suite, target.module, samples.inputs))
        result = suite.run(samples.inputs, samples.labels, confidence=options.confidence, on_start=progress.start)
        progress.start("checks for false security", min(_DOUBTED, int(result.right.sum())))
        findings = false_security(suite, result, samples.inputs, samples.labels, samples=_DOUBTED)
        lines = _curve_suite(suite)
        return {
            "result": result,
            "findings": findings,
            "curve": _curve(options, lines, samples, progress),
            "curve_attacks": tuple(attack.name for attack in lines.attacks),
            "transfer": _transfer(options, target, others, lines.attacks[-1], samples, progress) if others else None,
            "black_box": None,
            "examples": examples(target, samples, result),
        }


def _black_box(options: Attack, target: Target, samples: Samples, progress: Progress) -> dict[str, Any]:
    if options.black_box == "substitute":
        count = min(sample_count(options), max(len(samples) - FIRST, len(samples) // 2))
        if count < 1:
            raise InputError(f"a substitute needs samples to learn from and others to attack, got {len(samples)}")
        samples, others = samples.parted(count)
        result, account = by_substitute(options, target, samples, others.inputs, progress)
    else:
        result, account = by_decisions(options, target, samples, progress)
    return {
        "result": result,
        "findings": (),
        "curve": None,
        "curve_attacks": (),
        "transfer": None,
        "black_box": account,
        "examples": examples(target, samples, result),
    }


def _curve_suite(suite: Suite) -> Suite:
    """What draws the curve: the first iterative attack of a named suite, whose others would take too long."""
    if suite.name not in ("quick", "standard"):
        return suite
    return replace(suite, attacks=(next(attack for attack in suite.attacks if hasattr(attack, "steps")),))


def _curve(options: Attack, suite: Suite, samples: Samples, progress: Progress) -> Curve | None:
    eps = radius(options)
    usual = (0.0, eps / 4, eps / 2, eps, 2 * eps) if suite.name == "quick" else ()
    numbers = samples.inputs[0].numel()
    reach = {"linf": 1.0, "l2": math.sqrt(numbers), "l1": float(numbers)}[options.norm]
    radii = tuple(one for one in usual if one <= reach) if options.curve is None else options.curve
    if not any(radii):
        return None
    return curve(
        suite,
        samples.inputs,
        samples.labels,
        radii,
        confidence=options.confidence,
        on_start=lambda one, name, count: progress.start(f"{name} within {eps_text(one)}", count) if one else None,
    )


def _others(options: Attack, target: Target, stack: ExitStack) -> dict[str, nn.Module]:
    """The models of the other runs by name, refused before any work where they do not fit."""
    models: dict[str, nn.Module] = {}
    for path in options.transfer_to:
        other = stack.enter_context(opened(path, trust=options.trust, device=options.device))
        _check_same(target, other.run.schema, path)
        name = other.run.path.name
        if name in models or (target.run is not None and other.run.path == target.run.path):
            raise InputError(f"--transfer-to names {name} twice, or the run that is attacked: name each run once")
        models[name] = other.model
    return models


def _transfer(
    options: Attack,
    target: Target,
    others: dict[str, nn.Module],
    attack: AnyAttack,
    samples: Samples,
    progress: Progress,
) -> TransferMatrix:
    assert target.module is not None

    def make(model: nn.Module) -> AnyAttack:
        return replace(attack, model=model, outputs=outputs_of(model, samples.inputs, target.device))

    models = {target.name: target.module, **others}
    progress.start(f"transfer between {len(models)} models", len(samples))
    return transfer_matrix(models, make, samples.inputs, samples.labels, confidence=options.confidence)


def _check_same(target: Target, schema: Any, path: Path) -> None:
    own = target.data.schema
    if (schema.input_shape, schema.classes) != (own.input_shape, own.classes):
        raise InputError(
            f"run {path} is on other data than {target.name}: inputs {schema.input_shape} and {len(schema.classes)} "
            f"classes, expected {own.input_shape} and {len(own.classes)}"
        )
