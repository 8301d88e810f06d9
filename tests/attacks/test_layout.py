"""Tests of burnish.attacks.layout."""

import pytest
import torch
from torch import nn

from burnish.attacks import PGD
from burnish.attacks.layout import ChannelsLast
from burnish.attacks.white_box.apgd import APGD


class Seen(nn.Module):
    """Notes the order in which images arrive."""

    def __init__(self, flatten):
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4 * 36, 10)
        self.flatten, self.orders = flatten, []

    def forward(self, images):
        self.orders.append(images.is_contiguous(memory_format=torch.channels_last))
        return self.head(self.flatten(self.body(images)))


@pytest.fixture
def images():
    return torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def made(flatten):
    torch.manual_seed(0)
    return Seen(flatten).eval()


def test_outputs_and_gradients_are_the_same_up_to_rounding(images):
    model = made(lambda maps: maps.flatten(1))
    plain, laid = images.clone().requires_grad_(), images.clone().requires_grad_()
    expected, found = model(plain), ChannelsLast(model)(laid)
    assert torch.allclose(found, expected, atol=1e-5)
    expected.square().sum().backward()
    found.square().sum().backward()
    assert torch.allclose(laid.grad, plain.grad, atol=1e-5)
    assert model.orders == [False, True]


def test_a_model_that_cannot_take_it_is_asked_once_and_then_gets_inputs_as_they_are(images):
    model = made(lambda maps: maps.view(len(maps), -1))
    called = ChannelsLast(model)
    for _ in range(3):
        assert torch.equal(called(images), model.head(model.body(images).flatten(1)))
    assert model.orders == [True, False, False, False]


def test_an_error_of_the_model_itself_stays_one(images):
    with pytest.raises(RuntimeError, match="expected input"):
        ChannelsLast(made(lambda maps: maps.flatten(1)))(images[:, :2])


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (2, 5), (2, 3, 8)])
def test_other_inputs_are_passed_on_untouched(shape):
    inputs = torch.zeros(shape)
    assert ChannelsLast(lambda given: given)(inputs) is inputs


def test_an_attack_uses_it_when_asked_to_and_finds_the_same(images):
    model = made(lambda maps: maps.flatten(1))
    labels = model(images).argmax(1)
    plain = APGD(model, eps=0.02, steps=20, early_stop=False)(images, labels)
    assert not any(model.orders)
    model.orders.clear()
    laid = APGD(model, eps=0.02, steps=20, early_stop=False, channels_last=True)(images, labels)
    assert all(model.orders)
    assert torch.allclose(model(laid), model(plain), atol=1e-2)


def test_an_attack_on_a_model_that_views_its_maps_works_all_the_same(images):
    model = made(lambda maps: maps.view(len(maps), -1))
    labels = model(images).argmax(1)
    plain = PGD(model, eps=0.05)(images, labels)
    assert torch.equal(PGD(model, eps=0.05, channels_last=True)(images, labels), plain)
