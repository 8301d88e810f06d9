"""Tests of burnish.attacks.black_box.square."""

import dataclasses

import pytest
import torch
from tests.attacks.hardened import hardened_digits_network
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import Exceed
from burnish.attacks.black_box.square import Square
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


class AnswersOnly(nn.Module):
    """Gives outputs through NumPy, where no gradient passes."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        assert not torch.is_grad_enabled()
        return torch.from_numpy(self.model(inputs).numpy())


@pytest.mark.parametrize(("norm", "eps", "bar"), [("linf", 0.2, 0.9), ("l2", 1.2, 0.75)])
def test_it_fools_from_outputs_alone(trained, norm, eps, bar):
    images, labels = trained.images[:100], trained.labels[:100]
    model = AnswersOnly(trained.model).eval()
    result = Square(model, eps=eps, norm=norm, queries=300).run(images, labels)
    assert result.fooling_rate().value > bar
    assert (trained.model(result.inputs).argmax(1) != labels).equal(result.success)
    assert result.distance.max() <= eps
    assert result.gradients.sum() == 0


def test_it_fools_far_more_than_corners_drawn_at_random(trained):
    images, labels = trained.images[:100], trained.labels[:100]
    result = Square(trained.model, eps=0.1, queries=200).run(images, labels)
    generator = torch.Generator().manual_seed(0)
    fooled = result.wrong.clone()
    with torch.no_grad():
        for _ in range(200):
            noise = torch.randint(0, 2, images.shape, generator=generator) * 0.2 - 0.1
            fooled |= trained.model((images + noise).clamp(0, 1)).argmax(1) != labels
    assert result.success.sum() >= fooled.sum() + 10


def test_every_sample_is_asked_about_as_often_as_it_was_allowed(trained):
    images, labels = trained.images[:64], trained.labels[:64]
    result = Square(trained.model, eps=0.05, queries=50).run(images, labels)
    assert (result.queries[~result.success] == 52).all()  # one before and one after
    assert (result.queries[result.success & ~result.wrong] <= 52).all()
    assert (result.queries[result.wrong] == 1).all()
    assert (Square(trained.model, eps=0.05, queries=1, skip_wrong=False).run(images, labels).queries == 3).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_who_stands_is_not_touched_by_who_drops_out(norm):
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 5)).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
        images = torch.rand(40, 1, 8, 8, generator=generator, dtype=torch.float64)
        labels = model(images).argmax(1)
    attack = Square(model, eps=0.05 if norm == "linf" else 0.4, norm=norm, queries=100)
    quick = attack.run(images, labels)
    thorough = dataclasses.replace(attack, early_stop=False).run(images, labels)
    assert 5 <= quick.success.sum() <= 35
    assert torch.equal(quick.success, thorough.success)
    assert torch.allclose(quick.inputs[~quick.success], thorough.inputs[~quick.success], atol=1e-12)
    assert len(quick.queries[quick.success].unique()) > 2


def test_samples_that_stand_end_in_corners_of_the_ball(trained):
    images, labels = trained.images[:32], trained.labels[:32]
    result = Square(trained.model, eps=0.05, queries=30).run(images, labels)
    stands = ~result.success
    upper, lower = (images[stands] + 0.05).clamp(max=1), (images[stands] - 0.05).clamp(min=0)
    nearest = torch.minimum((result.inputs[stands] - upper).abs(), (result.inputs[stands] - lower).abs())
    assert stands.sum() >= 5
    assert nearest.max() < 1e-6


def test_targets_are_reached(trained):
    targets = (trained.labels[:32] + 3) % 10
    result = Square(trained.model, eps=0.5, queries=500).run(trained.images[:32], trained.labels[:32], targets)
    assert (trained.model(result.inputs).argmax(1) == targets).float().mean() > 0.7


def test_a_goal_without_classes_is_met_by_its_own_loss(trained):
    goal = Exceed(lambda output, targets: (output[:, 0] - targets).abs(), limit=3.0)
    with torch.no_grad():
        targets = trained.model(trained.images[:32])[:, 0]
    result = Square(trained.model, eps=0.3, queries=200, goal=goal).run(trained.images[:32], targets)
    assert result.success.float().mean() > 0.9


def test_squares_shrink_as_published_whatever_the_number_of_queries(trained):
    full = Square(trained.model, eps=0.1, queries=10_000)
    points = (1, 10, 11, 50, 51, 201, 501, 1001, 2001, 4001, 6001, 8001, 10_000)
    pixels = 10_000
    shares = [0.8 / 2**halvings for halvings in (0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9)]
    assert [full.side(query, pixels) for query in points] == [round((share * pixels) ** 0.5) for share in shares]
    short = dataclasses.replace(full, queries=1000)
    assert [short.side(query, pixels) for query in (1, 2, 6, 801)] == [full.side(q, pixels) for q in (1, 11, 51, 8001)]
    assert full.side(10_000, 64) == 1


def test_inputs_that_are_no_images_are_refused():
    model = nn.Linear(4, 3).eval()
    inputs = torch.full((2, 4), 0.5)
    with pytest.raises(InputError, match=r"square changes squares of images \(N, C, H, W\), got \(2, 4\)"):
        Square(model, eps=0.1)(inputs, model(inputs).argmax(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queries": 0}, "queries must be at least 1, got 0"),
        ({"p_init": 0.0}, r"p_init must lie in \(0, 1\], got 0: it is a share of the image"),
        ({"p_init": 1.5}, r"p_init must lie in \(0, 1\], got 1.5"),
        ({"norm": "l1"}, "square works in linf and l2, not in l1"),
    ],
)
def test_options_that_cannot_be_are_refused(trained, options, message):
    with pytest.raises(InputError, match=message):
        Square(trained.model, eps=0.1, **options)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("network", "norm", "eps"),
    [
        (digits_network, "linf", 0.1),
        (digits_network, "l2", 0.7),
        (hardened_digits_network, "linf", 0.2),
        (hardened_digits_network, "l2", 0.7),
    ],
)
def test_no_more_images_stand_than_in_autoattack(network, norm, eps):
    """Often fewer stand: the published squares do not reach the last row and column, which on 8 x 8 is a lot."""
    pyautoattack = pytest.importorskip("pyautoattack")
    trained = network()
    images, labels = trained.images[:64], trained.labels[:64]
    theirs = pyautoattack.AutoAttack(
        trained.model, norm=norm.capitalize(), eps=eps, version="custom", attacks=["square"], seed=0
    )
    theirs.square.n_queries = 1000
    made, _ = theirs.run_standard_evaluation(images, labels, batch_size=64)
    standing = (trained.model(made).argmax(1) == labels).sum()
    ours = Square(trained.model, eps=eps, norm=norm, queries=1000).run(images, labels)
    assert 0.2 <= standing / 64 <= 0.8
    assert (~ours.success).sum() <= standing + 1
