"""Tests of burnish.attacks.white_box.segment_search."""

import pytest
import torch
from tests.attacks.white_box.linear_models import linear_classifier
from tests.attacks.white_box.smallest_radius import right_digits

from burnish.attacks import FGSM, Misclassify
from burnish.attacks.norms import size
from burnish.attacks.white_box.deepfool import DeepFool
from burnish.attacks.white_box.segment_search import shorten


def far_away(eps=None, norm="linf"):
    """Digits, and images far beyond the boundary."""
    digits = right_digits()
    attack = DeepFool(digits.model, eps=eps, norm=norm)
    problem = attack.problem(digits.images, digits.labels, Misclassify(), 0, len(digits.images))
    return problem, FGSM(digits.model, eps=0.5)(digits.images, digits.labels)


def test_points_come_nearer_and_still_fool():
    problem, found = far_away()
    fooled = problem.fooled(problem.output(found))
    assert fooled.sum() > 40
    lengths = [size(found - problem.inputs, "linf")[fooled]]
    for cuts in (1, 4, 12):
        made = shorten(problem, found, cuts, enough=False)
        assert problem.fooled(problem.output(made))[fooled].all()
        assert torch.equal(made[~fooled], found[~fooled])
        lengths.append(size(made - problem.inputs, "linf")[fooled])
    assert (lengths[1] <= lengths[0]).all()
    assert (lengths[3] <= lengths[2]).all()
    assert lengths[1].mean() < 0.6 * lengths[0].mean()
    way = (found - problem.inputs)[fooled] * (0.98 * lengths[3] / lengths[0])[:, None, None, None]
    before = problem.part(fooled)
    assert (~before.fooled(before.output(before.inputs + way))).float().mean() > 0.8  # nothing much is left to cut


def test_a_linear_boundary_is_met_in_few_cuts():
    model, inputs, labels = linear_classifier(2)
    problem = DeepFool(model, bounds=(-9.0, 9.0)).problem(inputs, labels, Misclassify(), 0, len(inputs))
    way = (model[-1].weight[1 - labels] - model[-1].weight[labels]).view_as(inputs).detach()
    found = inputs + way * 0.5
    assert problem.fooled(model(found)).all()
    made = shorten(problem, found, 3, enough=False)
    logits = model(made)
    lead = (logits.gather(1, labels[:, None]) - logits.gather(1, 1 - labels[:, None]))[:, 0]
    assert (lead < 0).all()
    assert (lead.abs() < 4e-4).all()  # each cut leaves a twentieth of the rest, whose lead is below 3


def test_points_within_eps_are_left_alone_where_that_is_enough():
    problem, found = far_away(eps=0.6)
    assert torch.equal(shorten(problem, found, 5, enough=True), found)
    assert (problem.spent.queries == 0).all()
    assert not torch.equal(shorten(problem, found, 5, enough=False), found)
    assert (problem.spent.queries == 7).all()


@pytest.mark.parametrize("enough", [True, False])
def test_no_cut_changes_nothing(enough):
    problem, found = far_away()
    assert torch.equal(shorten(problem, found, 0, enough=enough), found)
    assert (problem.spent.queries == 0).all()
