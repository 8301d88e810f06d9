"""Tests of burnish.attacks.goal."""

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import PGD, Exceed, Misclassify, Reach
from burnish.attacks.goal import logarithms
from burnish.common.errors import InputError
from burnish.models.auxiliary import AuxiliaryOutput

LOGITS = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
CLASSES = torch.tensor([0, 1])


def test_misclassification_raises_the_cross_entropy_of_the_truth():
    assert torch.equal(Misclassify().loss(LOGITS, CLASSES), F.cross_entropy(LOGITS, CLASSES, reduction="none"))
    assert Misclassify().fooled(LOGITS, CLASSES).tolist() == [False, True]


def test_reaching_a_class_lowers_its_cross_entropy():
    assert torch.equal(Reach().loss(LOGITS, CLASSES), -F.cross_entropy(LOGITS, CLASSES, reduction="none"))
    assert Reach().fooled(LOGITS, CLASSES).tolist() == [True, False]


def test_of_a_model_with_auxiliary_heads_the_main_one_counts():
    output = AuxiliaryOutput(LOGITS, (-LOGITS,), 0.3)
    for goal in (Misclassify(), Reach()):
        assert torch.equal(goal.loss(output, CLASSES), goal.loss(LOGITS, CLASSES))
        assert torch.equal(goal.fooled(output, CLASSES), goal.fooled(LOGITS, CLASSES))


def test_a_loss_of_the_users_own_is_raised_above_its_limit():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1)).eval()
    rows = torch.rand(64, 6)
    with torch.no_grad():
        truth = model(rows)
    goal = Exceed(lambda output, target: (output - target).abs().flatten(1).sum(1), limit=0.02)
    result = PGD(model, eps=0.1, goal=goal).run(rows, truth)
    error = (model(result.inputs) - truth).abs().flatten()
    assert not result.wrong.any()
    assert result.success.float().mean() > 0.9
    assert torch.equal(result.success, error > 0.02)
    noise = (torch.rand(64, 6, generator=torch.Generator().manual_seed(0)) - 0.5).sign() * 0.1
    assert ((model((rows + noise).clamp(0, 1)) - truth).abs() > 0.02).float().mean() < 0.5


def test_a_loss_that_is_reduced_over_the_batch_is_refused():
    model, rows = nn.Linear(3, 1).eval(), torch.rand(5, 3)
    goal = Exceed(lambda output, target: (output - target).square().mean(), limit=1.0)
    with pytest.raises(InputError, match=r"must have one number a sample, \(5,\), got \(\): do not reduce it"):
        PGD(model, eps=0.1, goal=goal)(rows, torch.zeros(5, 1))


def test_targets_that_do_not_fit_the_samples_are_refused():
    model, rows = nn.Linear(3, 1).eval(), torch.rand(5, 3)
    goal = Exceed(lambda output, target: (output - target).square().sum(1), limit=1.0)
    with pytest.raises(InputError, match="one row for each of the 5 samples"):
        PGD(model, eps=0.1, goal=goal)(rows, torch.zeros(4, 1))


def test_logarithms_of_probabilities_have_the_cross_entropy_of_the_logits():
    expected = F.cross_entropy(LOGITS, CLASSES)
    assert F.cross_entropy(logarithms(LOGITS.softmax(dim=1)), CLASSES) == pytest.approx(expected.item(), abs=1e-6)
    assert logarithms(torch.tensor([[0.0, 1.0]])).isfinite().all()


def test_a_goal_takes_the_place_of_the_default_one():
    trained = digits_network()
    targets = (trained.labels + 1) % 10
    by_goal = PGD(trained.model, eps=0.3, goal=Reach())(trained.images, targets)
    by_targets = PGD(trained.model, eps=0.3)(trained.images, trained.labels, targets)
    assert torch.equal(by_goal, by_targets)
    assert not torch.equal(by_goal, trained.images)
