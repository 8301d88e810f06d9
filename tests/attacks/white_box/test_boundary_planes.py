"""Tests of burnish.attacks.white_box.boundary_planes."""

import dataclasses

import pytest
import torch
from tests.attacks.white_box.linear_models import closed_form, linear_classifier
from torch import nn

from burnish.attacks import Exceed, Misclassify, Reach
from burnish.attacks.white_box.boundary_planes import (
    distance,
    excess,
    gain_across,
    likeliest_rivals,
    nearest_plane,
    planes,
)
from burnish.attacks.white_box.deepfool import DeepFool
from burnish.common.errors import InputError

LOGITS = torch.tensor([[3.0, 1.0, 2.0, 5.0], [3.0, 1.0, 2.0, -1.0]])


def linear_problem(classes=7):
    model, inputs, labels = linear_classifier(classes)
    return model, DeepFool(model).problem(inputs, labels, Misclassify(), 0, len(inputs))


@pytest.mark.parametrize("goal", [Misclassify(), Reach(), Exceed(lambda o, y: o[:, 0] - o[:, 1], limit=1.5)])
def test_the_excess_is_positive_where_the_goal_is_reached(goal):
    logits = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 5
    found = excess(goal, logits, labels)
    assert found.shape == (200, 1)
    assert torch.equal(found[:, 0] > 0, goal.fooled(logits, labels))


def test_rivals_have_a_boundary_each():
    found = excess(Misclassify(), LOGITS, torch.tensor([0, 0]), torch.tensor([[1, 3], [2, 3]]))
    assert found.tolist() == [[-2, 2], [-1, -4]]


def test_a_goal_that_gives_no_distance_is_refused():
    class Own:
        pass

    with pytest.raises(InputError, match=r"must know how far away its goal is, .* got Own: write it as Exceed"):
        excess(Own(), LOGITS, torch.tensor([0, 0]))


def test_rivals_come_from_the_likeliest_and_never_hold_the_true_class():
    problem = dataclasses.replace(linear_problem(4)[1], labels=torch.tensor([3, 0]))
    assert likeliest_rivals(problem, LOGITS, 2).tolist() == [[0, 2], [2, 1]]
    assert likeliest_rivals(problem, LOGITS, None).tolist() == [[0, 2, 1], [2, 1, 3]]
    assert likeliest_rivals(problem, LOGITS, 99).shape == (2, 3)
    assert likeliest_rivals(dataclasses.replace(problem, goal=Reach()), LOGITS, 2) is None


def test_the_planes_of_a_linear_model_are_its_weights():
    model, problem = linear_problem()
    rivals = likeliest_rivals(problem, model(problem.inputs), None)
    output, found = planes(problem, problem.inputs, rivals)
    weight = model[-1].weight / 0.25
    for k, (lacking, gradient) in enumerate(found):
        assert torch.allclose(gradient.flatten(1), weight[rivals[:, k]] - weight[problem.labels])
        assert torch.allclose(lacking, excess(problem.goal, output, problem.labels, rivals)[:, k])
        assert not lacking.requires_grad


def test_a_gradient_is_paid_for_when_it_is_asked_for():
    model, problem = linear_problem()
    _, found = planes(problem, problem.inputs, likeliest_rivals(problem, model(problem.inputs), 3))
    assert (problem.spent.queries == 1).all()
    assert (problem.spent.gradients == 0).all()
    assert len(list(found)) == 3
    assert (problem.spent.gradients == 3).all()
    assert (problem.spent.queries == 1).all()


@pytest.mark.parametrize("norm", ["l2", "linf", "l1"])
def test_the_nearest_plane_is_that_of_the_closed_form(norm):
    model, problem = linear_problem()
    _, found = planes(problem, problem.inputs, likeliest_rivals(problem, model(problem.inputs), None))
    lacking, gradient = nearest_plane(found, norm)
    assert torch.allclose(
        distance(lacking, gradient, norm), closed_form(model, problem.inputs, problem.labels, norm), rtol=1e-9
    )


def test_a_plane_without_a_gradient_is_out_of_reach():
    found = iter([(torch.tensor([-1.0]), torch.zeros(1, 2)), (torch.tensor([-5.0]), torch.ones(1, 2))])
    lacking, gradient = nearest_plane(found, "l2")
    assert (lacking.item(), gradient.tolist()) == (-5, [[1, 1]])


def test_the_gain_is_more_than_rounding_even_on_the_boundary():
    model = nn.Linear(1000, 2).eval()
    at = torch.rand(8, 1000, generator=torch.Generator().manual_seed(0))
    gradient = (model.weight[1] - model.weight[0]).detach().expand(8, -1)
    gain = gain_across(torch.zeros(8), gradient, at, 0.02)
    assert (gain > 0).all()
    assert torch.allclose(gain_across(torch.full((8,), -3.0), gradient, at, 0.02), torch.full((8,), 3.06))
