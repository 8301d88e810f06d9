"""Tests of burnish.attacks.suites.suite."""

import dataclasses

import pytest
import torch
from tests.attacks.trained import accuracy, digits_network
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.attacks.attack import Attack
from burnish.attacks.suites.suite import Suite
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


@dataclasses.dataclass(frozen=True, eq=False)
class Blink(Attack):
    """Paints a sample black where it is the chosen class."""

    name = "blink"
    chosen: int = 0

    def perturb(self, problem):
        mine = (problem.labels == self.chosen).view(-1, 1, 1, 1)
        return torch.where(mine, problem.within(torch.zeros_like(problem.inputs)), problem.inputs)


def test_the_worst_case_of_each_sample_counts(trained):
    fgsm, pgd = FGSM(trained.model, eps=0.15), PGD(trained.model, eps=0.15, random_start=False)
    result = Suite("two", (fgsm, pgd)).run(trained.images, trained.labels)
    one, two = (attack.run(trained.images, trained.labels).success for attack in (fgsm, pgd))
    assert torch.equal(result.robust, ~(one | two))
    assert result.robust_accuracy.value == accuracy(trained.model, result.inputs, trained.labels)
    assert result.clean_accuracy.value == accuracy(trained.model, trained.images, trained.labels)
    assert result.robust_accuracy.value < 0.5 < result.clean_accuracy.value


def test_the_interval_of_a_share_stands_beside_it(trained):
    suite = Suite("one", (FGSM(trained.model, eps=0.1),))
    narrow = suite.run(trained.images, trained.labels).robust_accuracy
    wide = suite.run(trained.images, trained.labels, confidence=0.99).robust_accuracy
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert (narrow.count, wide.confidence) == (256, 0.99)


def test_each_attack_tries_only_what_is_left(trained):
    blinks = tuple(Blink(trained.model, eps=1.0, chosen=digit) for digit in (3, 3, 5))
    result = Suite("blinks", blinks).run(trained.images, trained.labels)
    first, again, other = result.trials
    assert first.tried == int(result.right.sum())
    assert first.fooled == int(((trained.labels == 3) & result.right).sum()) > 0
    assert again.tried == other.tried == first.tried - first.fooled
    assert again.fooled == 0
    assert again.so_far == first.so_far
    assert other.fooled == int(((trained.labels == 5) & result.right).sum()) > 0
    assert other.so_far == result.robust_accuracy
    assert torch.equal(result.fooled_by == 0, (trained.labels == 3) & result.right)
    assert torch.equal(result.fooled_by == 2, (trained.labels == 5) & result.right)
    assert (result.inputs[result.fooled_by >= 0] == 0).all()
    assert torch.equal(result.inputs[result.fooled_by < 0], trained.images[result.fooled_by < 0])


def test_alone_is_told_where_it_was_measured(trained):
    attacks = (FGSM(trained.model, eps=0.05), FGSM(trained.model, eps=0.05, step=0.5))
    in_turn = Suite("two", attacks).run(trained.images, trained.labels)
    assert in_turn.trials[0].alone == in_turn.trials[0].so_far
    assert in_turn.trials[1].alone is None
    each = Suite("two", attacks, every=True).run(trained.images, trained.labels)
    for trial, attack in zip(each.trials, attacks, strict=True):
        assert trial.tried == int(each.right.sum())
        assert trial.alone == attack.run(trained.images, trained.labels).robust_accuracy()
    assert each.trials[1].so_far == each.robust_accuracy
    assert each.robust_accuracy.value <= min(trial.alone.value for trial in each.trials)


def test_every_class_has_its_own_accuracy(trained):
    result = Suite("one", (Blink(trained.model, eps=1.0, chosen=3),)).run(trained.images, trained.labels)
    assert list(result.classes) == list(range(10))
    assert result.classes[3].value == 0
    assert sum(share.count for share in result.classes.values()) == 256
    weighted = sum(share.value * share.count for share in result.classes.values()) / 256
    assert weighted == pytest.approx(result.robust_accuracy.value)


def test_costs_are_those_of_the_attacks(trained):
    result = Suite("one", (PGD(trained.model, eps=0.1, steps=4, early_stop=False),)).run(trained.images, trained.labels)
    (trial,) = result.trials
    assert trial.gradients == 4 * trial.tried
    assert trial.queries == 6 * trial.tried
    assert trial.seconds > 0
    assert trial.options == {"steps": 4, "step_size": None, "random_start": True, "restarts": 1, "momentum": 0.0}


def test_a_radius_for_each_sample_stays_with_it(trained):
    eps = torch.where(trained.labels == 3, 1.0, 0.0)
    low = torch.zeros_like(trained.images)
    attack = PGD(trained.model, eps=eps, bounds=(low, 1.0), steps=3)
    result = Suite("one", (FGSM(trained.model, eps=eps, bounds=(low, 1.0)), attack)).run(trained.images, trained.labels)
    assert result.classes[3].value == 0
    assert torch.equal(result.robust[trained.labels != 3], result.right[trained.labels != 3])


def test_samples_known_to_be_fooled_are_spared(trained):
    spared = trained.labels < 5
    result = Suite("one", (FGSM(trained.model, eps=0.01),)).run(trained.images, trained.labels, spared=spared)
    assert result.trials[0].tried == int((result.right & ~spared).sum())
    assert not result.robust[spared].any()
    assert torch.equal(result.inputs[spared], trained.images[spared])


def test_progress_is_told_before_each_attack(trained):
    told = []
    suite = Suite("two", (Blink(trained.model, eps=1.0, chosen=3), FGSM(trained.model, eps=0.1)))
    result = suite.run(trained.images, trained.labels, on_start=lambda name, count: told.append((name, count)))
    assert told == [(trial.attack, trial.tried) for trial in result.trials]


def test_attacks_with_nothing_left_cost_nothing(trained):
    suite = Suite("two", (PGD(trained.model, eps=0.9, steps=20), FGSM(trained.model, eps=0.9)))
    result = suite.run(trained.images, trained.labels)
    assert result.robust_accuracy.value == 0
    assert (result.trials[1].tried, result.trials[1].queries) == (0, 0)
    assert result.trials[1].so_far.value == 0


def test_the_ball_of_a_suite_can_be_changed(trained):
    suite = Suite("two", (FGSM(trained.model, eps=0.1), PGD(trained.model, eps=0.1, steps=3)))
    larger = suite.within(0.2)
    assert [attack.eps for attack in larger.attacks] == [0.2, 0.2]
    assert larger.attacks[1].steps == 3
    assert [attack.eps for attack in suite.attacks] == [0.1, 0.1]


def test_no_sample_right_at_the_start_is_said(trained):
    wrong = (trained.model(trained.images).argmax(1) + 1) % 10
    with pytest.raises(InputError, match="none of the 256 samples is classified as its label says, so there is no"):
        Suite("one", (FGSM(trained.model, eps=0.1),)).run(trained.images, wrong)


def test_attacks_that_do_not_belong_together_are_refused(trained):
    with pytest.raises(InputError, match="a suite needs at least one attack, got none"):
        Suite("none", ())
    with pytest.raises(InputError, match="share one model and one norm, and fgsm has another norm than pgd"):
        Suite("two", (PGD(trained.model, eps=0.1), FGSM(trained.model, eps=0.1, norm="l2")))
    with pytest.raises(InputError, match="fgsm has another model than pgd"):
        Suite("two", (PGD(trained.model, eps=0.1), FGSM(nn.Linear(2, 2), eps=0.1)))


def test_a_model_without_gradients_is_told_in_one_line(trained):
    class Detached(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, inputs):
            return self.model(inputs.detach())

    frozen = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).eval().requires_grad_(False)
    for model in (Detached(trained.model), Detached(frozen)):
        with pytest.raises(InputError, match="the model's output has no gradient with respect to its inputs"):
            Suite("one", (FGSM(model.eval(), eps=0.1),)).run(trained.images, trained.labels)


def test_bad_input_is_told_as_by_an_attack(trained):
    suite = Suite("one", (FGSM(trained.model, eps=8.0),))
    with pytest.raises(InputError, match="write 8/255"):
        suite.run(trained.images, trained.labels)
    with pytest.raises(InputError, match=r"confidence must lie in \(0, 1\), got 95"):
        suite.run(trained.images, trained.labels, confidence=95)
