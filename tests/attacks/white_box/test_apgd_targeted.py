"""Tests of burnish.attacks.white_box.apgd_targeted."""

import pytest
import torch
from tests.attacks.hardened import hardened_digits_network
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import Exceed, Misclassify
from burnish.attacks.white_box.apgd import APGD
from burnish.attacks.white_box.apgd_targeted import APGDTargeted
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.1), ("l2", 0.7)])
def test_it_fools_no_fewer_than_the_untargeted_ratio(trained, norm, eps):
    images, labels = trained.images[:64], trained.labels[:64]
    untargeted = APGD(trained.model, eps=eps, norm=norm, steps=30, loss="dlr").run(images, labels)
    result = APGDTargeted(trained.model, eps=eps, norm=norm, steps=30).run(images, labels)
    assert untargeted.fooling_rate().value > 0.2
    assert result.success.sum() >= untargeted.success.sum()
    assert (trained.model(result.inputs).argmax(1) != labels).equal(result.success)
    assert result.distance.max() <= eps


def test_only_who_stands_goes_on_to_the_next_class(trained):
    result = APGDTargeted(trained.model, eps=0.1, steps=10, classes=3).run(trained.images[:64], trained.labels[:64])
    assert (result.gradients[~result.success] == 3 * 10).all()
    spent = result.gradients[result.success & ~result.wrong]
    assert spent.min() < 10
    assert spent.max() > 10  # a class after the first fooled somebody
    assert (result.gradients[result.wrong] == 0).all()


def test_the_likeliest_wrong_class_comes_first_and_no_class_twice(trained):
    images, labels = trained.images[:64], trained.labels[:64]
    attack = APGDTargeted(trained.model, eps=0.1, classes=12)
    with torch.no_grad():
        tries = list(attack.tries(attack.problem(images, labels, Misclassify(), 0, 64)))
        logits = trained.model(images)
    targets = torch.stack([seen.labels[:, 1] for seen in tries], dim=1)
    assert targets.shape == (64, 9)
    assert (targets != labels[:, None]).all()
    assert (logits.gather(1, targets).diff(dim=1) <= 0).all()
    assert all(len(row.unique()) == 9 for row in targets)


def test_two_and_three_classes_are_attacked_by_the_plain_difference():
    generator = torch.Generator().manual_seed(0)
    for classes in (2, 3):
        model = nn.Linear(20, classes).eval()
        with torch.no_grad():
            model.weight.copy_(torch.randn(classes, 20, generator=generator))
        inputs = torch.rand(32, 20, generator=generator)
        labels = model(inputs).argmax(1)
        assert APGDTargeted(model, eps=0.5, steps=20).run(inputs, labels).success.all()


def test_targets_and_goals_without_classes_are_refused(trained):
    attack = APGDTargeted(trained.model, eps=0.1)
    with pytest.raises(InputError, match="apgd-t chooses its targets itself"):
        attack(trained.images, trained.labels, (trained.labels + 1) % 10)
    goal = Exceed(lambda output, targets: output.sum(1) * 0, limit=1.0)
    with pytest.raises(InputError, match="works on classifiers alone: use apgd"):
        APGDTargeted(trained.model, eps=0.1, goal=goal)(trained.images, trained.labels)


def test_no_classes_are_refused(trained):
    with pytest.raises(InputError, match="classes must be at least 1, got 0"):
        APGDTargeted(trained.model, eps=0.1, classes=0)


@pytest.mark.peer
@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.2), ("l2", 0.7)])
@pytest.mark.parametrize("network", [digits_network, hardened_digits_network])
def test_as_many_images_stand_as_in_autoattack(network, norm, eps):
    pyautoattack = pytest.importorskip("pyautoattack")
    trained = network()
    eps = eps / 2 if network is digits_network and norm == "linf" else eps
    images, labels = trained.images[:64], trained.labels[:64]
    theirs = pyautoattack.AutoAttack(
        trained.model, norm=norm.capitalize(), eps=eps, version="custom", attacks=["apgd-t"], seed=0
    )
    theirs.apgd_targeted.n_restarts, theirs.apgd_targeted.n_target_classes = 1, 9
    made, _ = theirs.run_standard_evaluation(images, labels, batch_size=64)
    standing = (trained.model(made).argmax(1) == labels).sum()
    ours = APGDTargeted(trained.model, eps=eps, norm=norm).run(images, labels)
    assert 0.2 <= standing / 64 <= 0.8
    assert abs((~ours.success).sum() - standing) <= 1
