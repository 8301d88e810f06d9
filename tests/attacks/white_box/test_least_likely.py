"""Tests of burnish.attacks.white_box.least_likely."""

import pytest
import torch
from tests.attacks.trained import accuracy, digits_network

from burnish.attacks import BIM, FGSM, Misclassify
from burnish.attacks.white_box.least_likely import LeastLikely, least_likely
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


def test_the_target_is_the_least_likely_class_of_the_clean_sample(trained):
    result = LeastLikely(trained.model, eps=0.1).run(trained.images, trained.labels)
    with torch.no_grad():
        assert torch.equal(result.targets, trained.model(trained.images).argmin(dim=1))


def test_the_true_class_is_never_a_target():
    logits = torch.tensor([[0.0, 2.0, 1.0], [0.0, 2.0, 1.0]])
    assert least_likely(logits, torch.tensor([0, 1])).tolist() == [2, 0]


def test_many_steps_reach_the_target_and_every_reached_sample_is_misclassified(trained):
    result = LeastLikely(trained.model, eps=0.5, steps=30).run(trained.images, trained.labels)
    answers = trained.model(result.inputs).argmax(1)
    assert result.reach_rate().value > 0.9
    assert torch.equal(result.reached, answers == result.targets)
    assert torch.equal(result.success, answers != trained.labels)
    assert not (result.reached & ~result.success).any()


def test_accuracy_falls_and_one_step_reaches_fewer_targets_than_ten_of_the_same_total_length(trained):
    one = LeastLikely(trained.model, eps=0.3, steps=1).run(trained.images, trained.labels)
    ten = LeastLikely(trained.model, eps=0.3, steps=10).run(trained.images, trained.labels)
    clean = accuracy(trained.model, trained.images, trained.labels)
    assert one.robust_accuracy().value < clean - 0.2
    assert ten.robust_accuracy().value < clean - 0.2
    assert ten.reach_rate().value > one.reach_rate().value + 0.1


def test_it_is_a_targeted_attack_on_its_targets(trained):
    options = {"eps": 0.2, "skip_wrong": False, "early_stop": False}
    found = LeastLikely(trained.model, steps=1, **options).run(trained.images, trained.labels)
    expected = FGSM(trained.model, **options)(trained.images, trained.labels, found.targets)
    assert torch.equal(found.inputs, expected)
    found = LeastLikely(trained.model, steps=5, norm="l2", **options).run(trained.images, trained.labels)
    expected = BIM(trained.model, steps=5, norm="l2", **options)(trained.images, trained.labels, found.targets)
    assert torch.equal(found.inputs, expected)


def test_it_stops_at_the_target_not_at_the_first_wrong_class(trained):
    quick = LeastLikely(trained.model, eps=0.4, steps=20).run(trained.images, trained.labels)
    thorough = LeastLikely(trained.model, eps=0.4, steps=20, early_stop=False).run(trained.images, trained.labels)
    assert quick.gradients.sum() < thorough.gradients.sum()
    assert quick.reach_rate().value >= thorough.reach_rate().value


def test_a_batch_at_a_time_gives_the_same(trained):
    whole = LeastLikely(trained.model, eps=0.2).run(trained.images, trained.labels)
    parts = LeastLikely(trained.model, eps=0.2, batch_size=100).run(trained.images, trained.labels)
    assert torch.equal(whole.targets, parts.targets)
    assert torch.allclose(whole.inputs, parts.inputs, atol=1e-6)
    assert len(parts.reached) == len(trained.images)


def test_a_target_or_goal_of_the_callers_is_refused(trained):
    with pytest.raises(InputError, match="least-likely chooses its own targets: leave them out"):
        LeastLikely(trained.model, eps=0.1)(trained.images, trained.labels, trained.labels)
    with pytest.raises(InputError, match="least-likely has its own goal: leave it out"):
        LeastLikely(trained.model, eps=0.1, goal=Misclassify())
