"""Tests of burnish.verbs.attacking.black_box."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import load
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.black_box import by_decisions, by_substitute
from burnish.verbs.attacking.samples import drawn
from burnish.verbs.attacking.target import Target
from burnish.verbs.attacking.work import Progress


class Answering:
    """A linear classifier of 6 x 6 images that counts what it is asked."""

    def __init__(self):
        self.weights = torch.randn(36, 3, generator=torch.Generator().manual_seed(0))
        self.asked = 0

    def __call__(self, images):
        self.asked += len(images)
        return ((images.flatten(1) - 0.5) @ self.weights).argmax(1)


@pytest.fixture
def case():
    answering = Answering()
    images = torch.rand(300, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    data = load((images, answering(images)))
    answering.asked = 0
    return Target("answering", answering, data, torch.device("cpu")), drawn(data, "all", 200, 0, whole=True)


def test_a_substitute_fools_more_than_noise_and_every_answer_is_counted(case):
    target, samples = case
    samples, others = samples.parted(80)
    options = Attack(subject="x", eps=0.15, queries=240, black_box="substitute")
    result, account = by_substitute(options, target, samples, others.inputs[:60], Progress(quiet=True))
    assert result.clean_accuracy.value == 1
    assert result.robust_accuracy.value < 0.7
    assert account["noise"]["value"] + 0.2 < 1 - result.robust_accuracy.value
    assert account["queries"] == 240
    assert account["queries"] + account["judging"] == target.answers.asked
    assert [one["queries"] for one in account["rounds"]] == [60, 120, 240]
    assert account["rounds"][-1]["success"]["value"] == pytest.approx(1 - result.robust_accuracy.value)
    assert torch.equal(target.answers(result.inputs) == samples.labels, result.robust)
    assert ((result.inputs - samples.inputs).abs() <= 0.15 + 1e-6).all()


def test_decisions_alone_lead_along_the_boundary(case):
    target, samples = case
    samples, _ = samples.parted(12)
    options = Attack(subject="x", eps=1.0, norm="l2", queries=400, black_box="hop-skip-jump")
    result, account = by_decisions(options, target, samples, Progress(quiet=True))
    assert result.robust_accuracy.value < 0.5
    assert torch.equal(target.answers(result.inputs) == samples.labels, result.robust)
    assert account["for_each"] == 400
    assert account["queries"] <= 12 * 401
    assert result.trials[0].gradients == 0


def test_a_target_that_is_never_right_is_said(case):
    target, samples = case
    samples, others = samples.parted(80)
    wrong = (samples.labels + 1) % 3
    moved = type(samples)(samples.inputs, wrong, samples.names)
    options = Attack(subject="x", eps=0.1, queries=120, black_box="substitute")
    with pytest.raises(InputError, match="none of the 80 samples is classified as its label says"):
        by_substitute(options, target, moved, others.inputs[:60], Progress(quiet=True))
