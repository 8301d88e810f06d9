"""Tests of burnish.models.foundations.logistic_regression."""

import torch

from burnish.models import create


def test_it_is_one_affine_map_of_the_flat_input():
    model = create("logistic-regression", 3, 2, (4, 5))
    images = torch.rand(6, 2, 4, 5)
    with torch.no_grad():
        model.linear.weight.normal_()
        model.linear.bias.normal_()
    expected = images.reshape(6, 40) @ model.linear.weight.T + model.linear.bias
    torch.testing.assert_close(model(images), expected)


def test_it_starts_at_zero_so_that_every_class_is_equally_likely():
    assert create("logistic-regression", 3, 5)(torch.rand(2, 5)).abs().sum() == 0
