"""The same tensors as torchattacks and Foolbox, where all of them solve the same problem; and what burnish adds."""

import copy

import pytest
import torch
from tests.attacks.trained import Trained, digits_network

from burnish.attacks import BIM, FGSM, PGD
from burnish.attacks.white_box.least_likely import LeastLikely

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

TOLERANCE = 1e-6
PLAIN = {"skip_wrong": False, "early_stop": False}


@pytest.fixture
def trained():
    return digits_network()


@pytest.fixture
def precise(trained):
    """In double precision: an L2 step divides by the size of a gradient that is rounding alone in confident samples."""
    return Trained(copy.deepcopy(trained.model).double(), trained.images.double(), trained.labels)


@pytest.fixture
def targets(trained):
    return (trained.labels + 1 + torch.arange(len(trained.labels)) % 9) % 10


@pytest.fixture
def torchattacks():
    return pytest.importorskip("torchattacks")


@pytest.fixture
def foolbox():
    return pytest.importorskip("foolbox")


def same(ours, theirs, clean):
    assert (ours - theirs).abs().max() <= TOLERANCE
    assert (ours - clean).abs().max() > 0.01


def by_torchattacks(attack, trained, targets=None):
    if targets is not None:
        attack.set_mode_targeted_by_label(quiet=True)
    made = attack(trained.images, trained.labels if targets is None else targets)
    trained.model.zero_grad(set_to_none=True)
    return made


def by_foolbox(foolbox, attack, trained, eps, targets=None):
    model = foolbox.PyTorchModel(trained.model, bounds=(0, 1), device="cpu")
    wanted = trained.labels if targets is None else foolbox.criteria.TargetedMisclassification(targets)
    made = attack(model, trained.images, wanted, epsilons=[eps])[1][0]
    trained.model.zero_grad(set_to_none=True)
    return made


@pytest.mark.parametrize("eps", [2 / 255, 8 / 255, 0.3])
@pytest.mark.parametrize("targeted", [False, True])
def test_fgsm_is_that_of_torchattacks(trained, targets, torchattacks, eps, targeted):
    aim = targets if targeted else None
    ours = FGSM(trained.model, eps=eps, **PLAIN)(trained.images, trained.labels, aim)
    same(ours, by_torchattacks(torchattacks.FGSM(trained.model, eps=eps), trained, aim), trained.images - 0.02)


@pytest.mark.parametrize(("norm", "eps"), [("linf", 2 / 255), ("linf", 0.3), ("l2", 0.5), ("l2", 2.0)])
def test_fgsm_is_that_of_foolbox(trained, foolbox, norm, eps):
    ours = FGSM(trained.model, eps=eps, norm=norm, **PLAIN)(trained.images, trained.labels)
    theirs = foolbox.attacks.FGSM() if norm == "linf" else foolbox.attacks.FGM()
    same(ours, by_foolbox(foolbox, theirs, trained, eps), trained.images - 0.02)


@pytest.mark.parametrize("targeted", [False, True])
def test_bim_is_that_of_torchattacks(trained, targets, torchattacks, targeted):
    aim = targets if targeted else None
    ours = BIM(trained.model, eps=0.1, steps=10, step_size=0.02, **PLAIN)(trained.images, trained.labels, aim)
    same(ours, by_torchattacks(torchattacks.BIM(trained.model, 0.1, 0.02, 10), trained, aim), trained.images)


@pytest.mark.parametrize("targeted", [False, True])
def test_pgd_in_linf_is_that_of_torchattacks(trained, targets, torchattacks, targeted):
    aim = targets if targeted else None
    attack = PGD(trained.model, eps=0.1, steps=10, step_size=0.02, random_start=False, **PLAIN)
    theirs = torchattacks.PGD(trained.model, eps=0.1, alpha=0.02, steps=10, random_start=False)
    same(attack(trained.images, trained.labels, aim), by_torchattacks(theirs, trained, aim), trained.images)


@pytest.mark.parametrize("targeted", [False, True])
def test_pgd_in_l2_is_that_of_torchattacks(precise, targets, torchattacks, targeted):
    aim = targets if targeted else None
    attack = PGD(precise.model, eps=1.0, norm="l2", steps=10, step_size=0.25, random_start=False, **PLAIN)
    # Its 1e-10 beside the size of the gradient shortens the steps of confident samples.
    options = {"eps": 1.0, "alpha": 0.25, "steps": 10, "random_start": False, "eps_for_division": 1e-30}
    theirs = torchattacks.PGDL2(precise.model, **options)
    same(attack(precise.images, precise.labels, aim), by_torchattacks(theirs, precise, aim), precise.images)


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize(("norm", "eps", "length"), [("linf", 0.1, 0.02), ("l2", 1.0, 0.25)])
def test_pgd_and_bim_are_those_of_foolbox(trained, precise, targets, foolbox, targeted, norm, eps, length):
    aim = targets if targeted else None
    trained = trained if norm == "linf" else precise
    options = {"eps": eps, "norm": norm, "steps": 10, "step_size": length, **PLAIN}
    ours = [attack(trained.images, trained.labels, aim) for attack in
            (PGD(trained.model, random_start=False, **options), BIM(trained.model, **options))]  # fmt: skip
    pgd, bim = (
        (foolbox.attacks.LinfPGD, foolbox.attacks.LinfBasicIterativeAttack)
        if norm == "linf"
        else (foolbox.attacks.L2PGD, foolbox.attacks.L2BasicIterativeAttack)
    )
    for made, kind in zip(ours, (pgd, bim), strict=True):
        theirs = kind(abs_stepsize=length, steps=10, random_start=False)
        same(made, by_foolbox(foolbox, theirs, trained, eps, aim), trained.images)


def test_momentum_is_that_of_torchattacks(trained, torchattacks):
    options = {"eps": 0.1, "steps": 10, "step_size": 0.02, "momentum": 1.0, "random_start": False, **PLAIN}
    theirs = torchattacks.MIFGSM(trained.model, eps=0.1, alpha=0.02, steps=10, decay=1.0)
    ours = PGD(trained.model, **options)(trained.images, trained.labels)
    same(ours, by_torchattacks(theirs, trained), trained.images)


@pytest.mark.parametrize("steps", [1, 10])
def test_the_least_likely_class_is_that_of_torchattacks(trained, torchattacks, steps):
    theirs = torchattacks.BIM(trained.model, eps=0.2, alpha=0.2 / steps, steps=steps)
    theirs.set_mode_targeted_least_likely(quiet=True)
    ours = LeastLikely(trained.model, eps=0.2, steps=steps, **PLAIN)(trained.images, trained.labels)
    same(ours, by_torchattacks_as_set(theirs, trained), trained.images)


@pytest.mark.parametrize("steps", [1, 10])
def test_the_least_likely_class_is_that_of_foolbox_with_targets_by_hand(trained, foolbox, steps):
    found = LeastLikely(trained.model, eps=0.2, steps=steps, **PLAIN).run(trained.images, trained.labels)
    theirs = foolbox.attacks.LinfBasicIterativeAttack(abs_stepsize=0.2 / steps, steps=steps, random_start=False)
    with torch.no_grad():
        aim = trained.model(trained.images).argmin(dim=1)
    same(found.inputs, by_foolbox(foolbox, theirs, trained, 0.2, aim), trained.images)


def test_stopping_early_fools_at_least_as_many_as_torchattacks_with_fewer_gradients(trained, torchattacks):
    theirs = by_torchattacks(torchattacks.PGD(trained.model, 0.1, 0.025, 10, random_start=False), trained)
    ours = PGD(trained.model, eps=0.1, steps=10, step_size=0.025, random_start=False)
    result = ours.run(trained.images, trained.labels)
    with torch.no_grad():
        fooled = trained.model(theirs).argmax(1) != trained.labels
    assert result.success.sum() >= fooled.sum() > 0
    assert result.gradients.sum() < 10 * len(trained.labels)


def by_torchattacks_as_set(attack, trained):
    made = attack(trained.images, trained.labels)
    trained.model.zero_grad(set_to_none=True)
    return made
