"""Tests of burnish.attacks.white_box.apgd."""

import pytest
import torch
from tests.attacks.hardened import hardened_digits_network
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import PGD, Exceed
from burnish.attacks.white_box.apgd import APGD
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


class Louder(nn.Module):
    """Multiplies logits, which changes no answer."""

    def __init__(self, model, factor):
        super().__init__()
        self.model, self.factor = model, factor

    def forward(self, inputs):
        return self.model(inputs) * self.factor


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.1), ("l2", 0.7)])
@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_it_fools_as_many_as_ten_steps_of_pgd_and_the_ratio_almost_as_many(trained, norm, eps, loss):
    ten = PGD(trained.model, eps=eps, norm=norm).run(trained.images, trained.labels)
    result = APGD(trained.model, eps=eps, norm=norm, loss=loss).run(trained.images, trained.labels)
    assert ten.fooling_rate().value > 0.2
    assert result.success.sum() >= ten.success.sum() - (8 if loss == "dlr" else 0)
    assert (trained.model(result.inputs).argmax(1) != trained.labels).equal(result.success)
    assert result.distance.max() <= eps


def test_a_large_perturbation_fools_every_sample(trained):
    assert APGD(trained.model, eps=0.5).run(trained.images, trained.labels).success.all()


def test_the_ratio_still_works_where_the_cross_entropy_of_a_sure_model_rounds_to_zero(trained):
    sure = Louder(trained.model, 1e4).eval()
    by_loss = {
        loss: APGD(sure, eps=0.1, steps=20, loss=loss).run(trained.images, trained.labels).fooling_rate().value
        for loss in ("ce", "dlr")
    }
    plain = APGD(trained.model, eps=0.1, steps=20, loss="dlr").run(trained.images, trained.labels)
    assert by_loss["ce"] < 0.15
    assert by_loss["dlr"] > 0.3
    assert by_loss["dlr"] == pytest.approx(plain.fooling_rate().value, abs=0.02)


@pytest.mark.parametrize("loss", ["ce", "dlr"])
def test_targets_are_reached(trained, loss):
    targets = (trained.labels[:64] + 3) % 10
    result = APGD(trained.model, eps=0.5, steps=40, loss=loss).run(trained.images[:64], trained.labels[:64], targets)
    assert (trained.model(result.inputs).argmax(1) == targets).float().mean() > 0.95


def test_a_goal_without_classes_is_met_by_its_own_loss_and_has_no_ratio(trained):
    goal = Exceed(lambda output, targets: (output[:, 0] - targets).abs(), limit=3.0)
    with torch.no_grad():
        targets = trained.model(trained.images[:32])[:, 0]
    result = APGD(trained.model, eps=0.3, goal=goal).run(trained.images[:32], targets)
    assert result.success.float().mean() > 0.9
    with pytest.raises(InputError, match="which Exceed does not: use loss='ce'"):
        APGD(trained.model, eps=0.3, goal=goal, loss="dlr").run(trained.images[:32], targets)


def test_the_ratio_on_two_classes_is_refused():
    model = nn.Linear(4, 2).eval()
    inputs = torch.rand(3, 4, generator=torch.Generator().manual_seed(0))
    with pytest.raises(InputError, match="the model has 2: use loss='ce'"):
        APGD(model, eps=0.1, loss="dlr")(inputs, model(inputs).argmax(1))


def test_its_name_tells_the_loss(trained):
    names = [APGD(trained.model, eps=0.1).name, APGD(trained.model, eps=0.1, loss="dlr").name, APGD.name]
    assert names == ["apgd-ce", "apgd-dlr", "apgd"]


def test_an_unknown_loss_is_named(trained):
    with pytest.raises(InputError, match="unknown loss 'dl'"):
        APGD(trained.model, eps=0.1, loss="dl")


@pytest.mark.peer
@pytest.mark.parametrize("loss", ["ce", "dlr"])
@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.2), ("l2", 0.7)])
@pytest.mark.parametrize("network", [digits_network, hardened_digits_network])
def test_as_many_images_stand_as_in_autoattack(network, norm, eps, loss):
    pyautoattack = pytest.importorskip("pyautoattack")
    trained = network()
    eps = eps / 2 if network is digits_network and norm == "linf" else eps
    images, labels = trained.images[:64], trained.labels[:64]
    ours, standing = [], []
    for seed in range(4):
        theirs = pyautoattack.AutoAttack(
            trained.model, norm=norm.capitalize(), eps=eps, version="custom", attacks=[f"apgd-{loss}"], seed=seed
        )
        theirs.apgd.n_restarts = 1
        made, _ = theirs.run_standard_evaluation(images, labels, batch_size=64)
        standing.append((trained.model(made).argmax(1) == labels).sum().item())
        result = APGD(trained.model, eps=eps, norm=norm, loss=loss, seed=seed).run(images, labels)
        ours.append((~result.success).sum().item())
    assert 0.2 <= standing[0] / 64 <= 0.8
    # From seed to seed both spread by up to 1.6 images: 2 is about two standard errors of the difference of means.
    assert abs(sum(ours) - sum(standing)) / 4 <= 2
