"""Tests of burnish.data.augment.test_time."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data.augment.test_time import VIEWS, TestTime

IMAGES = torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))


def model(outputs=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(32, outputs)).eval()


def test_the_identity_alone_has_the_models_probabilities():
    inner = model()
    found = TestTime(inner, ("identity",))(IMAGES).softmax(dim=1)
    assert torch.allclose(found, inner(IMAGES).softmax(dim=1))


def test_the_answer_has_the_mean_probabilities_of_the_views():
    inner = model()
    found = TestTime(inner, ("identity", "horizontal-flip", "rotate-90"))(IMAGES)
    views = [IMAGES, IMAGES.flip(3), IMAGES.rot90(1, (2, 3))]
    expected = torch.stack([inner(view).softmax(dim=1) for view in views]).mean(dim=0)
    assert torch.allclose(found.softmax(dim=1), expected, atol=1e-6)
    assert torch.allclose(found.exp(), expected, atol=1e-6)


def test_one_logit_is_that_of_the_mean_chance_of_a_yes():
    inner = model(outputs=1)
    found = TestTime(inner)(IMAGES)
    expected = (inner(IMAGES).sigmoid() + inner(IMAGES.flip(3)).sigmoid()) / 2
    assert torch.allclose(found.sigmoid(), expected, atol=1e-6)


def test_values_are_averaged_as_they_are():
    inner = model(outputs=1)
    found = TestTime(inner, outputs="values")(IMAGES)
    assert torch.allclose(found, (inner(IMAGES) + inner(IMAGES.flip(3))) / 2)


def test_an_answer_over_all_turns_and_mirrors_does_not_change_when_the_image_turns():
    wrapped = TestTime(model(), ("identity", "rotate-90", "rotate-180", "rotate-270"))
    assert torch.allclose(wrapped(IMAGES), wrapped(IMAGES.rot90(1, (2, 3))), atol=1e-5)


def test_large_logits_stay_finite():
    inner = model()
    with torch.no_grad():
        inner[1].weight.mul_(1e4)
    assert TestTime(inner)(IMAGES).isfinite().all()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_only_moves_pixels(view):
    seen = VIEWS[view](IMAGES)
    assert torch.equal(seen.flatten(1).sort().values, IMAGES.flatten(1).sort().values)
    assert torch.equal(seen, IMAGES) == (view == "identity")


def test_the_weights_and_the_mode_are_the_models_own():
    inner = model()
    wrapped = TestTime(inner)
    assert [id(p) for p in wrapped.parameters()] == [id(p) for p in inner.parameters()]
    wrapped.train()
    assert inner.training


def test_gradients_reach_the_image():
    images = IMAGES.clone().requires_grad_()
    TestTime(model())(images)[:, 0].sum().backward()
    assert images.grad.abs().sum() > 0


def test_what_cannot_be_is_named():
    with pytest.raises(InputError, match=r"unknown view 'horizontal' \(did you mean 'horizontal-flip'\?\): expected"):
        TestTime(model(), ("horizontal",))
    with pytest.raises(InputError, match="views must be one or more, each once, got none"):
        TestTime(model(), ())
    with pytest.raises(InputError, match="each once, got identity, identity"):
        TestTime(model(), ("identity", "identity"))
    with pytest.raises(InputError, match="unknown kind of outputs 'means'"):
        TestTime(model(), outputs="means")
    with pytest.raises(InputError, match=r"views are those of images \(batch, C, H, W\), got a tensor \(3, 4\)"):
        TestTime(model())(torch.rand(3, 4))


def test_an_answer_of_several_tensors_is_refused():
    class Two(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(InputError, match="must answer with one tensor to be averaged, got tuple"):
        TestTime(Two())(IMAGES)
