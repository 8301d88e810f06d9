"""Tests of burnish.defences.detectors.detector."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.defences.detectors.detector import Detector, Examined, check_same_shape, check_samples


class Brightness(Detector):
    """As suspicious as an input is bright."""

    def examine(self, inputs):
        return Examined(self.classify(inputs), inputs.flatten(1).mean(1))


@pytest.fixture
def detector():
    return Brightness(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).eval())


def clean_samples():
    return torch.linspace(0, 1, 99)[:, None].expand(99, 4)


def test_nothing_is_scored_or_rejected_before_a_threshold_was_chosen(detector):
    for ask in (detector.score, detector.rejects, detector):
        with pytest.raises(InputError, match="Brightness was not fitted: call fit on clean samples first"):
            ask(torch.rand(2, 4))


def test_what_scores_above_the_threshold_is_rejected(detector):
    chosen = detector.calibrate(clean_samples(), 0.1)
    assert chosen.value == pytest.approx(89 / 98)
    assert detector.rejects(torch.tensor([[0.9] * 4, [0.95] * 4])).tolist() == [False, True]
    assert detector.rejects(clean_samples()).sum() == 9  # the 10th largest is the threshold itself


def test_many_samples_score_as_one_batch(detector):
    inputs = torch.rand(100, 4)
    whole, parts = detector.examine(inputs), detector.examine_all(inputs, batch_size=7)
    torch.testing.assert_close(parts.score, whole.score)
    torch.testing.assert_close(parts.logits, whole.logits)
    assert not parts.score.requires_grad


def test_a_verdict_has_no_gradient_and_a_score_has_one(detector):
    detector.calibrate(clean_samples())
    inputs = torch.rand(2, 4, requires_grad=True)
    assert detector.score(inputs).requires_grad
    assert detector.rejects(inputs).dtype == torch.bool


def test_building_a_detector_leaves_the_mode_of_its_model():
    model = nn.Linear(4, 2).train()
    assert not Brightness(model).training
    assert model.training


def test_a_model_that_gives_probabilities_is_refused():
    detector = Brightness(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)).eval())
    with pytest.raises(InputError, match="probabilities, where a detector needs logits"):
        detector.calibrate(clean_samples())


def test_a_model_that_is_no_classifier_is_refused():
    with pytest.raises(InputError, match=r"a classifier with logits \(99, classes\), got \(99, 1\)"):
        Brightness(nn.Linear(4, 1).eval()).calibrate(clean_samples())


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.empty(0, 3), r"no clean samples: a detector needs a batch \(N, \*\), got shape \(0, 3\)"),
        (torch.zeros(3), "no clean samples"),
        (torch.zeros(2, 3, dtype=torch.uint8), "clean samples must be floats"),
        ([1.0], r"clean samples must be a tensor \(N, \*\), got list"),
    ],
)
def test_samples_that_no_detector_can_take_are_named(samples, message):
    with pytest.raises(InputError, match=message):
        check_samples(samples, "clean")


def test_shapes_that_differ_are_named():
    check_same_shape(torch.zeros(2, 3), torch.zeros(5, 3))
    with pytest.raises(InputError, match=r"clean and attacked samples differ in shape: \(3,\) and \(4,\)"):
        check_same_shape(torch.zeros(2, 3), torch.zeros(2, 4))
