"""Tests of burnish.data.augment.mixing."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip
from burnish.data.augment.mixing import OPERATIONS, CutMix, Mixing, Mixup, symmetric_beta
from burnish.data.schema import Column, Schema

COUNT = 40_000


def draws(count=64, epoch=0, start=0):
    return Draws(0, epoch, torch.arange(start, start + count))


def pair(count=64, size=8):
    """Black images of class 0 to mix with white ones of class 1: the mean of a mixed one is the partner's share."""
    shape = (count, 3, size, size)
    labels = torch.zeros(count, dtype=torch.int64)
    return torch.zeros(shape), labels, torch.ones(shape), labels + 1


def mixed(*operations, count=64, size=8, epoch=0):
    return Mixing(operations).mix(*pair(count, size), draws(count, epoch), 2)


@pytest.mark.parametrize("operation", [Mixup(alpha=1.0), CutMix(), Mixup(), CutMix(probability=0.5)])
def test_the_label_has_the_share_of_the_pixels(operation):
    images, targets = mixed(operation)
    assert torch.allclose(targets[:, 1], images.mean(dim=(1, 2, 3)), atol=1e-6)
    assert torch.allclose(targets.sum(dim=1), torch.ones(64), atol=1e-6)
    assert 0.02 < targets[:, 1].mean() < 0.98


@pytest.mark.parametrize("operation", [Mixup(alpha=1.0), CutMix()])
def test_a_sample_mixed_with_itself_stays_as_it_is(operation):
    images, labels = torch.rand(32, 3, 8, 8), torch.arange(32) % 4
    made, targets = Mixing((operation,)).mix(images, labels, images, labels, draws(32), 4)
    assert torch.equal(made, images)
    assert torch.equal(targets, torch.nn.functional.one_hot(labels, 4).float())


@pytest.mark.parametrize("operation", [Mixup(probability=0.0), CutMix(probability=0.0)])
def test_nothing_happens_at_probability_zero(operation):
    images, targets = mixed(operation)
    assert torch.equal(images, torch.zeros_like(images))
    assert torch.equal(targets[:, 1], torch.zeros(64))


@pytest.mark.parametrize("kind", [Mixup, CutMix])
def test_the_probability_is_the_share_of_samples_that_are_mixed(kind):
    _, targets = mixed(kind(alpha=4.0, probability=0.3), count=4000, size=32)  # at 4, no box is too small to be seen
    assert (targets[:, 1] > 0).float().mean().item() == pytest.approx(0.3, abs=4 * math.sqrt(0.3 * 0.7 / 4000))


@pytest.mark.parametrize("operation", [Mixup(alpha=1.0), CutMix()])
def test_what_happens_to_a_sample_does_not_depend_on_its_batch(operation):
    inputs, labels, partner_inputs, partner_labels = pair()
    whole, targets = Mixing((operation,)).mix(*pair(), draws(), 2)
    part = slice(5, 9)
    alone = Mixing((operation,)).mix(
        inputs[part], labels[part], partner_inputs[part], partner_labels[part], draws(4, start=5), 2
    )
    assert torch.equal(alone[0], whole[part])
    assert torch.equal(alone[1], targets[part])
    assert not torch.equal(mixed(operation, epoch=1)[0], whole)


def test_given_images_are_not_changed():
    inputs, labels, partner_inputs, partner_labels = pair()
    Mixing((Mixup(alpha=1.0), CutMix())).mix(inputs, labels, partner_inputs, partner_labels, draws(), 2)
    assert inputs.sum() == 0
    assert bool((partner_inputs == 1).all())


def test_mixup_is_a_weighted_mean_of_inputs_and_targets():
    images, others = torch.rand(16, 1, 4, 4), torch.rand(16, 1, 4, 4)
    labels, other_labels = torch.zeros(16, dtype=torch.int64), torch.full((16,), 2)
    made, targets = Mixing((Mixup(alpha=1.0),)).mix(images, labels, others, other_labels, draws(16), 3)
    weight = targets[:, 0].view(-1, 1, 1, 1)
    assert torch.allclose(made, weight * images + (1 - weight) * others, atol=1e-6)
    assert torch.equal(targets[:, 1], torch.zeros(16))


def test_cutmix_pastes_one_box_from_the_same_place():
    inputs, labels, _, other_labels = pair(count=200, size=16)
    others = torch.rand(200, 3, 16, 16) + 1
    made, targets = Mixing((CutMix(),)).mix(inputs, labels, others, other_labels, draws(200), 2)
    pasted = made[:, 0] > 0
    assert torch.equal(made, torch.where(pasted[:, None], others, inputs))
    box = pasted.any(dim=2)[:, :, None] & pasted.any(dim=1)[:, None, :]
    assert torch.equal(pasted, box)
    assert torch.all((pasted.any(dim=2).int().diff(dim=1).clamp(min=0).sum(dim=1)) <= 1)
    assert torch.allclose(targets[:, 1], pasted.float().mean(dim=(1, 2)), atol=1e-6)


def test_a_box_that_lies_inside_has_the_drawn_area():
    size, given = 256, draws(200)
    pasted = Mixing((CutMix(),)).mix(*(t for t in _thin_pair(200, size)), given, 2)[0][:, 0] > 0
    own = symmetric_beta(given, "0.cutmix", 1.0)
    inside = ~(pasted[:, 0].any(1) | pasted[:, -1].any(1) | pasted[:, :, 0].any(1) | pasted[:, :, -1].any(1))
    inside &= pasted.any(dim=(1, 2))
    assert inside.sum() > 10
    area = pasted.double().mean(dim=(1, 2))
    assert torch.allclose(area[inside], 1 - own[inside], atol=2 / size)


def _thin_pair(count, size):
    labels = torch.zeros(count, dtype=torch.int64)
    return torch.zeros(count, 1, size, size), labels, torch.ones(1).expand(count, 1, size, size), labels + 1


def test_of_several_operations_each_sample_undergoes_one():
    images, targets = mixed(Mixup(alpha=4.0), CutMix(alpha=4.0), count=4000, size=16)
    values = images.flatten(1)
    is_blended = ((values > 0) & (values < 1)).any(dim=1)
    is_cut = (values == 1).any(dim=1)
    assert not bool((is_blended & is_cut).any())
    assert is_blended.float().mean().item() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(4000))
    assert torch.allclose(targets[:, 1], images.mean(dim=(1, 2, 3)), atol=1e-6)


def test_probabilities_are_mixed_as_they_are():
    images, others = torch.zeros(8, 1, 4, 4), torch.ones(8, 1, 4, 4)
    soft = torch.tensor([0.25, 0.75]).expand(8, 2)
    _, targets = Mixing((Mixup(alpha=1.0),)).mix(images, soft, others, soft, draws(8), 2)
    assert torch.allclose(targets, soft)


def test_mixup_mixes_the_numbers_of_regression():
    vectors, others = torch.zeros(64, 5), torch.ones(64, 5)
    made, targets = Mixing((Mixup(alpha=1.0),)).mix(
        vectors, torch.full((64,), 10.0), others, torch.full((64,), 20.0), draws(), 0
    )
    assert targets.shape == (64,)
    assert torch.allclose(targets, 10 + 10 * made[:, 0], atol=1e-5)


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 3.0])
def test_shares_follow_the_beta_distribution(alpha):
    shares = symmetric_beta(draws(COUNT), "share", alpha)
    assert bool(((shares >= 0) & (shares <= 1)).all())
    variance = 1 / (4 * (2 * alpha + 1))
    assert shares.mean().item() == pytest.approx(0.5, abs=4 * math.sqrt(variance / COUNT))
    # Fourth central moment of Beta(a, a): 3 / (16 (2a + 1)(2a + 3)); it gives the standard error of the variance.
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert shares.var().item() == pytest.approx(variance, abs=4 * math.sqrt((fourth - variance**2) / COUNT))


def test_shares_at_alpha_one_are_uniform():
    shares = symmetric_beta(draws(COUNT), "share", 1.0).sort().values
    distance = (shares - (torch.arange(COUNT) + 0.5) / COUNT).abs().max().item()
    assert distance < 1.95 / math.sqrt(COUNT)  # Kolmogorov and Smirnov: one true sample in a thousand is further away


def test_shares_follow_the_inverse_distribution_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    shares = symmetric_beta(draws(COUNT), "share", 0.2)
    assert stats.kstest(shares.numpy(), stats.beta(0.2, 0.2).cdf).statistic < 1.95 / math.sqrt(COUNT)


def test_partners_are_uniform_over_the_split_and_belong_to_the_sample():
    partners = Mixing((Mixup(),)).partners
    found = partners(draws(COUNT), 10)
    counts = torch.bincount(found, minlength=10)
    assert counts.shape == (10,)
    expected = COUNT / 10
    assert (counts - expected).abs().max() < 4.5 * math.sqrt(expected * 0.9)
    assert torch.equal(partners(draws(7, start=100), 10), found[100:107])
    assert not torch.equal(partners(draws(COUNT, epoch=1), 10), found)


def test_mixing_is_taken_out_of_a_list_of_operations():
    mixing = Mixing.among([HorizontalFlip(), Mixup(alpha=0.4), CutMix()])
    assert mixing == Mixing((Mixup(alpha=0.4), CutMix()))
    assert mixing
    assert not Mixing.among([HorizontalFlip()])


def test_operations_are_known_by_name():
    assert sorted(OPERATIONS.items()) == [("cutmix", CutMix), ("mixup", Mixup)]
    assert Mixup().to_dict() == {"name": "mixup", "probability": 1.0, "alpha": 0.2}


IMAGES = Schema("image", "classification", (1, 4, 4), classes=("a", "b"))


@pytest.mark.parametrize(
    ("operation", "schema", "message"),
    [
        (CutMix(), Schema("points", "classification", (3,), classes=("a", "b")), "cutmix cuts boxes out of images"),
        (Mixup(), Schema("text", "language-modelling", (9,)), "these samples are symbols"),
        (
            Mixup(),
            Schema("table", "regression", (1,), columns=(Column("town", "categorical", ("a",)),)),
            "column 'town' holds categories: take row-swap",
        ),
        (
            Mixup(),
            Schema("table", "regression", (1,), columns=(Column("size", "numeric", missing=True),)),
            "column 'size' has missing values: take row-swap",
        ),
        (CutMix(), Schema("image", "regression", (1, 4, 4)), "cutmix shares classes by area.*take mixup"),
        (Mixup(), Schema("image", "generation", (1, 4, 4)), "the goal is generation"),
    ],
)
def test_data_that_cannot_be_mixed_are_refused_at_set_up(operation, schema, message):
    Mixing((operation,)).check(IMAGES)
    with pytest.raises(InputError, match=message):
        Mixing((operation,)).check(schema)


def test_masks_and_boxes_are_refused():
    images, given = torch.zeros(2, 1, 4, 4), draws(2)
    masks = torch.zeros(2, 4, 4, dtype=torch.int64)
    with pytest.raises(InputError, match=r"needs labels \(batch,\).*got int64 \(2, 4, 4\): leave it out for masks"):
        Mixing((Mixup(),)).mix(images, masks, images, masks, given, 2)
    boxes = {"boxes": torch.zeros(2, 1, 4)}
    with pytest.raises(InputError, match=r"targets such as masks and boxes \(dict\) cannot"):
        Mixing((Mixup(),)).mix(images, boxes, images, boxes, given, 2)


def test_inputs_that_cannot_be_mixed_are_named():
    labels, given = torch.tensor([0, 1]), draws(2)
    floats, codes = torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, dtype=torch.int64)
    with pytest.raises(InputError, match=r"floats of one shape, got int64 \(2, 4\)"):
        Mixing((Mixup(),)).mix(codes, labels, codes, labels, given, 2)
    with pytest.raises(InputError, match=r"got float32 \(2, 1, 4, 4\) and float32 \(2, 1, 5, 5\)"):
        Mixing((Mixup(),)).mix(floats, labels, torch.zeros(2, 1, 5, 5), labels, given, 2)
    with pytest.raises(InputError, match=r"cutmix needs images .* with numbers as targets: take mixup"):
        Mixing((CutMix(),)).mix(floats, torch.zeros(2), floats, torch.zeros(2), given, 0)
    with pytest.raises(InputError, match=r"cutmix needs images .* got float32 \(2, 3\): take mixup"):
        Mixing((CutMix(),)).mix(floats[:, 0, 0, :3], labels, floats[:, 0, 0, :3], labels, given, 2)


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("inf"), float("nan")])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(InputError, match="alpha of mixup must be a positive number, got"):
        Mixup(alpha=alpha)


def test_probability_outside_its_range_is_named():
    with pytest.raises(InputError, match=r"probability of cutmix must lie in \[0, 1\], got 1.5"):
        CutMix(probability=1.5)
