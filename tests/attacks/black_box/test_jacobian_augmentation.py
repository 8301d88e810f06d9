"""Tests of burnish.attacks.black_box.jacobian_augmentation."""

import pytest
import torch
from tests.attacks.trained import digits_network

from burnish.attacks.black_box.jacobian_augmentation import jacobian_augmented, reservoir, signed_length


def probability(model, images, labels):
    return model(images).softmax(dim=1).gather(1, labels[:, None]).flatten()


def test_every_pixel_moves_by_the_length_along_the_sign_of_the_gradient_of_the_probability():
    trained = digits_network()
    images = trained.images[:20].clamp(0.3, 0.7).requires_grad_(True)
    labels = trained.model(images).argmax(1)
    (gradient,) = torch.autograd.grad(probability(trained.model, images, labels).double().sum(), images)
    moved = jacobian_augmented(trained.model, images.detach(), labels, 0.1, batch_size=7)
    clear = gradient.abs() > 1e-6  # where float32 knows the sign
    assert clear.float().mean() > 0.5
    assert torch.allclose((moved - images)[clear], 0.1 * gradient.sign()[clear], atol=1e-6)


def test_a_positive_length_leads_deeper_into_the_class_and_a_negative_one_out_of_it():
    trained = digits_network()
    labels = trained.model(trained.images).argmax(1)
    before = probability(trained.model, trained.images, labels)
    deeper, out = (
        probability(trained.model, jacobian_augmented(trained.model, trained.images, labels, length), labels)
        for length in (0.02, -0.1)
    )
    assert (deeper >= before - 1e-4).float().mean() > 0.95
    assert out.mean() < before.mean() - 0.2


def test_new_samples_keep_the_bounds_and_leave_the_model_without_gradients():
    trained = digits_network()
    low, high = torch.zeros(1, 8, 8), torch.full((1, 8, 8), 0.9)
    with torch.no_grad():
        moved = jacobian_augmented(trained.model, trained.images.clamp(0, 0.9), trained.labels, 0.5, (low, high))
    assert moved.min() == 0
    assert moved.max() <= 0.9
    assert not moved.requires_grad
    assert all(parameter.grad is None for parameter in trained.model.parameters())


@pytest.mark.parametrize("period", [1, 3])
def test_the_first_steps_lead_out_of_the_class_and_the_sign_changes_every_period(period):
    signs = [signed_length(1.0, turn, period) for turn in range(4 * period)]
    assert signs == ([-1.0] * period + [1.0] * period) * 2
    assert [signed_length(1.0, turn) for turn in range(9)] == [-1.0] * 9
    assert [signed_length(-1.0, turn, period) for turn in range(period)] == [1.0] * period


def test_a_reservoir_holds_different_samples_each_with_the_same_chance():
    random = torch.Generator().manual_seed(0)
    drawn = [reservoir(10, 4, random) for _ in range(2000)]
    assert all(len(one.unique()) == 4 for one in drawn)
    share = torch.bincount(torch.cat(drawn), minlength=10) / 2000
    assert torch.allclose(share, torch.tensor(0.4), atol=4 * (0.4 * 0.6 / 2000) ** 0.5)  # 4 standard errors


def test_a_reservoir_with_room_for_all_takes_all():
    assert torch.equal(reservoir(5, 5, torch.Generator()), torch.arange(5))
