"""Tests of burnish.attacks.checks, through an attack as a user would meet them."""

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import FGSM
from burnish.common.errors import InputError


def refused(message, *, images=None, labels=None, targets=None, model=None, **options):
    trained = digits_network()
    attack = FGSM(model or trained.model, **{"eps": 0.1, **options})
    with pytest.raises(InputError, match=message):
        attack(trained.images if images is None else images, trained.labels if labels is None else labels, targets)


def test_eps_in_units_of_0_to_255_is_asked_back():
    refused("eps 8 .linf. is larger than the whole space, 1: if it is in units of 0 to 255, write 8/255", eps=8)
    refused("eps 128 .l2. is larger than the whole space, 8: if it is in units .* write 128/255", eps=128, norm="l2")


def test_eps_has_one_number_or_one_a_sample():
    refused(r"eps must be one number, or one a sample \(256,\), got shape \(3,\)", eps=torch.ones(3) / 8)


def test_the_whole_space_is_a_radius():
    trained = digits_network()
    FGSM(trained.model, eps=1.0)(trained.images, trained.labels)


def test_images_outside_the_bounds_are_refused():
    images = digits_network().images
    refused(r"inputs must lie within \[0, 1\], got 0 to 255: divide by 255, or pass bounds=", images=images * 255)
    refused(r"got -1 to 1: the normalisation belongs into the model", images=images * 2 - 1)


def test_whole_numbers_are_refused():
    images = (digits_network().images * 255).byte()
    refused(r"inputs must be floats within the model's bounds, got torch.uint8: divide by 255 first", images=images)


def test_no_batch_is_refused():
    refused(
        r"inputs must be a batch \(N, \*\) of at least one sample, got \(0, 1, 8, 8\)", images=torch.zeros(0, 1, 8, 8)
    )
    refused(r"an attack takes a tensor of inputs \(N, \*\), got list", images=[0.0])


def test_labels_that_are_no_class_numbers_are_refused():
    labels = digits_network().labels
    one_hot = torch.nn.functional.one_hot(labels, 10)
    refused(r"got \(256, 10\): they look one-hot, pass labels.argmax\(dim=1\)", labels=one_hot)
    refused(r"labels must be class numbers \(256,\), one a sample, got shape \(255,\)", labels=labels[:-1])
    refused(r"labels must be whole class numbers, got torch.float32: pass labels.long\(\)", labels=labels.float())
    refused(r"labels must lie in 0 to 9, as the model has 10 outputs; got 0 to 10", labels=labels + labels // 9)
    refused(r"targets must be class numbers \(256,\), one a sample, got shape \(2,\)", targets=labels[:2])


def test_outputs_that_are_no_logits_are_refused():
    model = digits_network().model
    refused(
        r"the model gives probabilities, where attacks need logits", model=nn.Sequential(*model, nn.Softmax(1)).eval()
    )
    refused(r"needs logits \(256, classes\), the model gave \(256, 32, 4, 4\)", model=model[:5].eval())

    class Nan(nn.Module):
        def forward(self, x):
            return torch.full((len(x), 10), torch.nan)

    refused(r"the model's output holds NaN or infinity before any attack", model=Nan().eval())
    refused(r"the model's output holds NaN", images=digits_network().images * torch.nan)


def test_bounds_that_do_not_fit_are_refused():
    refused(r"bounds of shapes \(3,\) and \(\) do not fit inputs of \(256, 1, 8, 8\)", bounds=(torch.zeros(3), 1.0))
