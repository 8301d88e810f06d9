"""Tests of burnish.models.foundations.perceptron."""

import torch

from burnish.models import create


def test_of_two_classes_the_unit_gives_a_sign():
    model = create("perceptron", 2, 1)
    with torch.no_grad():
        model.linear.weight.copy_(torch.tensor([[0.0], [2.0]]))
    assert model.activate(torch.tensor([[3.0], [-1.0], [0.0]])).tolist() == [1.0, -1.0, 0.0]


def test_of_more_classes_the_largest_score_wins():
    model = create("perceptron", 3, 1)
    with torch.no_grad():
        model.linear.weight.copy_(torch.tensor([[1.0], [-1.0], [0.0]]))
    assert model.activate(torch.tensor([[1.0], [-1.0]])).tolist() == [0, 1]


def test_it_starts_at_zero():
    assert create("perceptron", 3, 5)(torch.rand(2, 5)).abs().sum() == 0
