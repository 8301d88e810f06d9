"""Tests of burnish.pruning.criteria.calibration."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.common.errors import InputError
from burnish.data.loaders.loader import evaluation_loader
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.pruning.criteria.calibration import Calibration
from burnish.tasks import Classification

INPUTS, TARGETS = torch.randn(7, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1, 2, 0])


def test_a_loader_and_a_list_of_pairs_give_the_same_batches():
    model = nn.Linear(4, 3)
    loader = evaluation_loader(TensorSource(INPUTS, TARGETS), 5)
    listed = [(INPUTS[:5], TARGETS[:5]), (INPUTS[5:], TARGETS[5:])]
    for one, two in zip(Calibration(loader).over(model), Calibration(listed).over(model), strict=True):
        assert torch.equal(one.inputs, two.inputs)
        assert torch.equal(one.targets, two.targets)
        assert len(one) == len(two)


def test_a_task_and_a_function_give_the_same_loss():
    model = nn.Linear(4, 3)
    task = Classification(Schema("points", "classification", (4,), classes=("a", "b", "c")))
    losses = []
    for loss in (task, F.cross_entropy, lambda output, targets: F.cross_entropy(output, targets, reduction="none")):
        calibration = Calibration([(INPUTS, TARGETS)], loss)
        losses += [calibration.mean_loss(model, batch) for batch in calibration.over(model)]
    torch.testing.assert_close(losses[0], losses[1])
    torch.testing.assert_close(losses[0], losses[2])


def test_several_inputs_are_passed_as_arguments():
    model = nn.Bilinear(4, 4, 2)
    calibration = Calibration([((INPUTS, 2 * INPUTS), TARGETS)])
    (batch,) = calibration.over(model)
    assert torch.equal(calibration.forward(model, batch), model(INPUTS, 2 * INPUTS))
    assert len(batch) == 7


@pytest.mark.parametrize("batches", [[], iter([]), [(INPUTS[:0], TARGETS[:0])]])
def test_no_samples_is_an_error(batches):
    with pytest.raises(InputError, match="batches has no samples"):
        list(Calibration(batches).over(nn.Linear(4, 3)))


@pytest.mark.parametrize("given", [INPUTS, (INPUTS,), "text"])
def test_what_is_no_batch_is_named(given):
    with pytest.raises(InputError, match=r"must be a Batch or \(inputs, targets\), got"):
        list(Calibration([given]).over(nn.Linear(4, 3)))


def test_inputs_without_a_tensor_are_refused():
    with pytest.raises(InputError, match="hold no tensor"):
        list(Calibration([("text", TARGETS)]).over(nn.Linear(4, 3)))
