"""Tests of burnish.models.auxiliary."""

import pytest
import torch

from burnish.models.auxiliary import AuxiliaryOutput, main_output, weighted_loss


@pytest.fixture
def output():
    return AuxiliaryOutput(torch.tensor([1.0, 2.0]), (torch.tensor([10.0, 20.0]), torch.tensor([5.0, 5.0])), 0.3)


def test_each_auxiliary_loss_enters_with_its_weight(output):
    assert weighted_loss(torch.mean, output).item() == pytest.approx(1.5 + 0.3 * (15 + 5))


def test_a_plain_output_has_a_plain_loss():
    assert weighted_loss(torch.sum, torch.tensor([1.0, 2.0])).item() == 3


def test_the_main_output_is_the_logits(output):
    assert main_output(output) is output.logits
    assert main_output(7) == 7


def test_a_change_reaches_every_output(output):
    changed = output.map(lambda tensor: tensor + 1)
    assert changed.logits.tolist() == [2, 3]
    assert [tensor.tolist() for tensor in changed.auxiliary] == [[11, 21], [6, 6]]
    assert changed.weight == 0.3
