"""Tests of burnish.attacks.white_box.views."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.attacks.goal import Misclassify, Reach
from burnish.attacks.white_box.views import Survive, Views
from burnish.common.errors import InputError
from burnish.common.module_state import untouched


def shifted(images, draw):
    return images + torch.rand(len(images), 1, generator=draw)


def test_every_view_is_the_models_answer_to_a_changed_sample():
    model = nn.Linear(3, 2).eval()
    rows = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    seen = []
    answers = Views(model, [shifted, lambda x, draw: seen.append(x) or x], samples=4)(rows)
    assert answers.shape == (5, 4, 2)
    assert torch.allclose(answers[3, 1], model(seen[0][13]))
    assert torch.allclose((seen[0].view(5, 4, 3) - rows[:, None]).std(dim=2), torch.zeros(5, 4), atol=1e-6)
    assert len(seen[0][:, 0].unique()) == 20


def test_views_are_new_in_every_call_and_the_same_again_after_an_attack():
    views = Views(nn.Identity().eval(), [shifted], samples=2)
    rows = torch.zeros(3, 1)
    with untouched(views):
        first, second = views(rows), views(rows)
    assert not torch.equal(first, second)
    assert torch.equal(views(rows), first)
    assert not torch.equal(Views(nn.Identity().eval(), [shifted], samples=2, seed=1)(rows), first)


def test_views_have_the_mode_of_their_model_and_nothing_to_save():
    assert not Views(nn.Linear(1, 1).eval(), [shifted]).training
    assert Views(nn.Linear(1, 1), [shifted]).training
    assert set(Views(nn.Linear(1, 1), [shifted]).state_dict()) == {"model.weight", "model.bias"}


def test_the_loss_of_misclassification_is_that_of_the_mean_probability_of_the_truth():
    logits = torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(6) % 4
    mean = logits.softmax(dim=2).mean(dim=1)
    assert torch.allclose(Survive(Misclassify()).loss(logits, labels), F.nll_loss(mean.log(), labels, reduction="none"))


def test_views_that_resist_count_more_than_those_that_are_fooled():
    views = torch.tensor([[[0.0, 4.0], [4.0, 0.0]]], requires_grad=True)  # the first is fooled, the second resists
    (gradient,) = torch.autograd.grad(Survive(Misclassify()).loss(views, torch.tensor([0])).sum(), views)
    assert gradient[0, 1].abs().max() > 0.9 * gradient.abs().max()
    steady = torch.zeros(1, 3, 2)
    assert Survive(Reach()).loss(steady, torch.tensor([0])).item() == pytest.approx(-math.log(2))


def test_fooled_is_a_share_of_the_views():
    views = torch.tensor([[[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 1, [[0.0, 1.0]] * 3 + [[1.0, 0.0]] * 1])
    labels = torch.tensor([0, 0])
    assert Survive(Misclassify()).fooled_share(views, labels).tolist() == [0.25, 0.75]
    assert Survive(Misclassify(), 0.75).fooled(views, labels).tolist() == [False, True]
    assert Survive(Misclassify(), 0.8).fooled(views, labels).tolist() == [False, False]
    assert Survive(Reach(), 0.75).fooled(views, labels).tolist() == [True, False]


def test_options_and_outputs_that_cannot_be_are_refused():
    with pytest.raises(InputError, match=r"share must lie in \(0, 1\], got 80: it is a part of the views"):
        Survive(Misclassify(), 80)
    with pytest.raises(InputError, match="views need transforms and samples, got 0 and 8"):
        Views(nn.Identity(), [])
    with pytest.raises(InputError, match="wrap the model in Views"):
        Survive(Misclassify()).check(torch.zeros(2, 3), torch.tensor([0, 1]))
