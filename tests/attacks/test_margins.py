"""Tests of burnish.attacks.margins."""

import pytest
import torch

from burnish.attacks.goal import Exceed, Misclassify, Reach
from burnish.attacks.margins import dlr, margin, progress, ratio, targeted_dlr, without
from burnish.common.errors import InputError


@pytest.fixture
def logits():
    return torch.randn(200, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def labels():
    return torch.randint(0, 6, (200,), generator=torch.Generator().manual_seed(1))


def by_hand(row, label):
    others = sorted((value for place, value in enumerate(row) if place != label), reverse=True)
    return row[label], others[0], sorted(row, reverse=True)


def test_the_margin_is_the_lead_over_the_best_other_class(logits, labels):
    for row, label, found in zip(logits.tolist(), labels.tolist(), margin(logits, labels).tolist(), strict=True):
        own, other, _ = by_hand(row, label)
        assert found == own - other


def test_the_ratio_is_what_the_formula_says_by_hand(logits, labels):
    for row, label, found in zip(logits.tolist(), labels.tolist(), dlr(logits, labels).tolist(), strict=True):
        own, other, ordered = by_hand(row, label)
        assert found == pytest.approx(-(own - other) / (ordered[0] - ordered[2]), rel=1e-12)


def test_the_targeted_ratio_is_what_the_formula_says_by_hand(logits, labels):
    targets = (labels + 2) % 6
    found = targeted_dlr(logits, labels, targets).tolist()
    for row, label, target, value in zip(logits.tolist(), labels.tolist(), targets.tolist(), found, strict=True):
        _, _, ordered = by_hand(row, label)
        expected = -(row[label] - row[target]) / (ordered[0] - (ordered[2] + ordered[3]) / 2)
        assert value == pytest.approx(expected, rel=1e-12)


def test_both_ratios_are_blind_to_scale_and_shift(logits, labels):
    changed, targets = 1000 * logits + 7, (labels + 1) % 6
    assert torch.allclose(dlr(changed, labels), dlr(logits, labels))
    assert torch.allclose(targeted_dlr(changed, labels, targets), targeted_dlr(logits, labels, targets))


def test_the_ratio_is_positive_exactly_where_the_class_is_wrong_and_at_most_one_where_right(logits, labels):
    wrong = logits.argmax(1) != labels
    assert torch.equal(dlr(logits, labels) > 0, wrong)
    assert (dlr(logits, labels)[~wrong] >= -1).all()


def test_equal_logits_give_a_finite_ratio_and_gradient():
    logits = torch.zeros(2, 5, requires_grad=True)
    value = dlr(logits, torch.tensor([0, 1])) + targeted_dlr(logits, torch.tensor([0, 1]), torch.tensor([2, 3]))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert value.tolist() == [0, 0]
    assert gradient.isfinite().all()


def test_the_ratio_of_two_classes_is_refused():
    with pytest.raises(InputError, match="the model has 2: use loss='ce'"):
        dlr(torch.zeros(1, 2), torch.tensor([0]))


def test_with_three_classes_the_targeted_difference_is_not_divided():
    found = targeted_dlr(torch.tensor([[3.0, 1.0, 0.5]]), torch.tensor([0]), torch.tensor([2]))
    assert found.tolist() == [-2.5]


def test_a_class_is_left_out_of_the_logits():
    assert without(torch.tensor([[1.0, 2.0]]), torch.tensor([1])).tolist() == [[1.0, -float("inf")]]


def test_a_class_to_reach_takes_the_best_of_the_others_for_the_truth(logits, labels):
    found = ratio(Reach(), logits, labels)
    assert torch.equal(found, targeted_dlr(logits, without(logits, labels).argmax(1), labels))
    assert torch.equal(found > 0, logits.argmax(1) == labels)


def test_progress_rises_to_zero_where_the_goal_is_met_and_is_the_loss_of_a_goal_without_classes(logits, labels):
    for goal in (Misclassify(), Reach()):
        assert torch.equal(progress(goal, logits, labels) > 0, goal.fooled(logits, labels))
    goal = Exceed(lambda output, targets: output.sum(1) - targets, limit=0.0)
    assert torch.equal(progress(goal, logits, labels), logits.sum(1) - labels)


def test_a_goal_without_classes_has_no_ratio(logits, labels):
    with pytest.raises(InputError, match="compares logits of classes, which Exceed does not: use loss='ce'"):
        ratio(Exceed(lambda output, targets: output.sum(1), limit=0.0), logits, labels)
