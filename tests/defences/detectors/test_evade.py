"""Tests of burnish.defences.detectors.evade."""

import pytest
import torch

from burnish.attacks import Misclassify
from burnish.common.errors import InputError
from burnish.defences.detectors.evade import Evade


def test_only_a_wrong_class_that_is_not_rejected_fools():
    right, rejected, right_and_rejected = [5.0, 1.0, 0.0, 2.0], [1.0, 2.0, 0.0, 3.0], [2.0, 1.0, 0.0, 3.0]
    evading, tie = [1.0, 3.0, 0.0, 2.0], [1.0, 3.0, 0.0, 3.0]
    output = torch.tensor([right, rejected, right_and_rejected, evading, tie])
    assert Evade().fooled(output, torch.zeros(5, dtype=torch.long)).tolist() == [False, False, False, True, False]


def test_the_loss_is_the_log_odds_of_a_wrong_class_against_right_and_rejected():
    output = torch.randn(20, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(20) % 5
    chance = output.softmax(dim=1)
    stopped = chance[torch.arange(20), labels] + chance[:, -1]
    torch.testing.assert_close(Evade().loss(output, labels), ((1 - stopped) / stopped).log())


def test_the_gradient_fools_the_detector_while_rejected_and_the_classifier_while_right():
    output = torch.tensor([[1.0, 2.0, 40.0], [40.0, 2.0, 3.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(Evade().loss(output, torch.tensor([0, 0])).sum(), output)
    torch.testing.assert_close(gradient, torch.tensor([[0.0, 1.0, -1.0], [-1.0, 1.0, 0.0]]))  # and none vanishes


def test_without_a_rejection_success_is_that_of_any_attack():
    output = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    output[:, -1] = -99
    labels = torch.arange(200) % 5
    assert torch.equal(Evade().fooled(output, labels), Misclassify().fooled(output[:, :-1], labels))


def test_labels_that_name_the_rejected_class_are_refused():
    with pytest.raises(InputError, match="labels must lie in 0 to 1"):
        Evade().check(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2]))


def test_labels_that_are_one_hot_are_refused():
    with pytest.raises(InputError, match="one-hot"):
        Evade().check_labels(torch.eye(3), 3)


def test_an_output_that_is_no_tensor_is_refused():
    with pytest.raises(InputError, match="needs logits"):
        Evade().check("logits", torch.tensor([0]))
