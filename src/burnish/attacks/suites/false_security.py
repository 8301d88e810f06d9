"""Everything that a robust accuracy must survive before it is believed."""

from __future__ import annotations

import itertools

from torch import Tensor

from burnish.attacks.suites.finding import SEVERITIES, Finding
from burnish.attacks.suites.model_checks import check_model
from burnish.attacks.suites.search_checks import check_black_box, check_search
from burnish.attacks.suites.suite import Suite
from burnish.attacks.suites.suite_result import SuiteResult


def false_security(
    suite: Suite, result: SuiteResult, inputs: Tensor, labels: Tensor, *, samples: int = 128
) -> tuple[Finding, ...]:
    """Look for the signs that a robust accuracy is higher than what the model withstands.

    Randomised output, probabilities, zero gradients, optimisation at test time, a black box that beats the white box,
    more steps that help, and an unlimited perturbation that does not reach every sample.

    Args:
        suite: that was run.
        result: what came of it.
        inputs: what it was run on ``(N, *)``.
        labels: their classes ``(N,)``.
        samples: how many of those that were right to look at; the cost is some 200 gradients of each.

    Returns:
        The findings, errors first; none for a model that hides nothing.
    """
    model = suite.attacks[0].model
    device = next(itertools.chain(model.parameters(), model.buffers()), inputs).device
    chosen = result.right.nonzero().flatten()[:samples]
    some, classes = inputs[chosen], labels[chosen]
    found = check_model(model, some.to(device), classes.to(device))
    if not any("no gradient with respect" in finding.title for finding in found):
        found += check_search(suite, inputs, labels, chosen, result.robust)
    found += check_black_box(suite, result, inputs, labels)
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
