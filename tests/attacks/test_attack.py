"""Tests of burnish.attacks.attack: what every attack shares."""

import dataclasses

import pytest
import torch
from tests.attacks.trained import accuracy, digits_network
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.attacks.attack import Attack, seal
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


class Nothing(Attack):
    """Gives its inputs back."""

    name = "nothing"

    def perturb(self, problem):
        return problem.inputs


def snapshot(model):
    return (
        [module.training for module in model.modules()],
        [(p.requires_grad, p.grad) for p in model.parameters()],
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        torch.get_rng_state(),
    )


def unchanged(before, after):
    return (
        before[0] == after[0]
        and all(a[0] == b[0] and a[1] is b[1] for a, b in zip(before[1], after[1], strict=True))
        and all(torch.equal(before[2][name], tensor) for name, tensor in after[2].items())
        and torch.equal(before[3], after[3])
    )


def test_an_attack_that_returns_its_input_has_no_success(trained):
    result = Nothing(trained.model, eps=0.5).run(trained.images, trained.labels)
    assert torch.equal(result.success, result.wrong)
    assert result.robust_accuracy().value == accuracy(trained.model, trained.images, trained.labels)
    assert result.fooling_rate().value == 0


def test_nothing_about_the_model_or_the_generators_changes(trained):
    model = trained.model
    model[0].weight.requires_grad_(False)
    model[3].weight.grad = torch.ones_like(model[3].weight)
    model[1].running_mean.requires_grad_(False)
    before = snapshot(model)
    PGD(model, eps=0.1, steps=2)(trained.images, trained.labels)
    assert unchanged(before, snapshot(model))
    model[0].weight.requires_grad_(True)
    model[3].weight.grad = None


def test_a_model_in_training_mode_is_refused_unless_that_is_asked_for_and_its_frozen_parts_stay_so(trained):
    model = nn.Sequential(*trained.model, nn.Dropout(0.3)).train()
    model[1].eval()
    with pytest.raises(
        InputError, match=r"the model is in training mode: call \.eval\(\) first, or pass training=True"
    ):
        FGSM(model, eps=0.1)(trained.images, trained.labels)
    before = snapshot(model)
    FGSM(model, eps=0.1, training=True)(trained.images, trained.labels)
    assert unchanged(before, snapshot(model))
    model.train()  # now the BatchNorm would move its statistics
    before = snapshot(model)
    FGSM(model, eps=0.1, training=True)(trained.images, trained.labels)
    assert unchanged(before, snapshot(model))
    model.eval()
    model[7].train()
    with pytest.raises(InputError, match=r"its '7' \(Dropout\) is in training mode"):
        FGSM(model, eps=0.1)(trained.images, trained.labels)
    trained.model.eval()


def test_it_works_where_gradients_are_switched_off(trained):
    expected = FGSM(trained.model, eps=0.1)(trained.images, trained.labels)
    for switched_off in (torch.no_grad, torch.inference_mode):
        with switched_off():
            made = FGSM(trained.model, eps=0.1)(trained.images * 1, trained.labels)
        assert torch.equal(made, expected)
    assert not expected.requires_grad


def test_the_perturbation_keeps_eps_and_bounds_to_the_last_bit(trained):
    for norm, eps in (("linf", 0.1), ("l2", 1.0), ("l1", 4.0)):
        result = PGD(trained.model, eps=eps, norm=norm, early_stop=False).run(trained.images, trained.labels)
        assert (result.distance.double() <= eps).all()
        assert result.distance.max() > 0.98 * eps
        assert result.inputs.min() >= 0
        assert result.inputs.max() <= 1


def test_eps_may_differ_from_sample_to_sample(trained):
    eps = torch.linspace(0, 0.2, len(trained.images))
    attack = PGD(trained.model, eps=eps, batch_size=100, early_stop=False, skip_wrong=False)
    distance = attack.run(trained.images, trained.labels).distance
    assert distance[0] == 0
    assert (distance.double() <= eps.double()).all()
    assert torch.allclose(distance, eps, atol=1e-3)


def test_bounds_of_a_sample_that_are_equal_keep_it_as_it_is(trained):
    low, high = torch.zeros(1, 8, 8), torch.ones(1, 8, 8)
    images = trained.images.clone()
    images[:, :, :4] = 0.25
    low[:, :4] = high[:, :4] = 0.25
    made = PGD(trained.model, eps=0.2, bounds=(low, high))(images, trained.labels)
    assert torch.equal(made[:, :, :4], images[:, :, :4])
    assert not torch.equal(made[:, :, 4:], images[:, :, 4:])


def test_the_size_of_a_batch_changes_nothing_without_random_numbers(trained):
    attack = PGD(trained.model, eps=0.1, random_start=False)
    whole = attack(trained.images, trained.labels)
    parts = dataclasses.replace(attack, batch_size=37)(trained.images, trained.labels)
    assert torch.allclose(whole, parts, atol=1e-6)


def test_skipping_and_stopping_early_change_who_is_fooled_no_more_than_chance_and_cost_less(trained):
    thorough = PGD(trained.model, eps=0.1, early_stop=False, skip_wrong=False).run(trained.images, trained.labels)
    quick = PGD(trained.model, eps=0.1).run(trained.images, trained.labels)
    assert torch.equal(quick.success | thorough.success, quick.success)  # whoever is fooled on the way stays fooled
    assert quick.gradients.sum() < thorough.gradients.sum()
    assert (quick.gradients[quick.wrong] == 0).all()
    assert (thorough.gradients == 10).all()
    assert (thorough.queries == 12).all()  # one before, one after, and those of the gradients


def test_targets_are_reached(trained):
    targets = (trained.labels + 1) % 10
    result = PGD(trained.model, eps=0.5, steps=20).run(trained.images, trained.labels, targets)
    assert (trained.model(result.inputs).argmax(1) == targets).float().mean() > 0.95
    assert torch.equal(result.success, trained.model(result.inputs).argmax(1) == targets)


def test_logarithms_of_probabilities_are_attacked_as_their_logits(trained):
    soft = nn.Sequential(*trained.model, nn.Softmax(dim=1)).eval()
    expected = PGD(trained.model, eps=0.1, steps=3, random_start=False).run(trained.images, trained.labels)
    result = PGD(soft, eps=0.1, steps=3, random_start=False, outputs="probabilities").run(
        trained.images, trained.labels
    )
    assert (result.success == expected.success).float().mean() > 0.98


def test_nothing_to_do_is_said(trained):
    wrong = (trained.model(trained.images).argmax(1) + 1) % 10
    with pytest.warns(UserWarning, match="fgsm had nothing to do: none of the 256 samples is classified as its label"):
        made = FGSM(trained.model, eps=0.1)(trained.images, wrong)
    assert torch.equal(made, trained.images)


def test_rounding_past_eps_is_taken_back_and_more_is_a_fault(trained):
    attack = FGSM(trained.model, eps=0.1)
    images = trained.images[:8].clamp(0.2, 0.8)
    problem = attack.problem(images, trained.labels[:8], None, 0, 8)
    sealed = seal(images + 0.1 * (1 + 1e-7), problem)
    assert ((sealed - images).double().abs() <= problem.eps.double()[0]).all()
    for wrong in (images + 0.2, images + 0.101, images * torch.nan):
        with pytest.raises(InputError, match="left its ball by more than rounding"):
            seal(wrong, problem)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": -0.1}, "eps must be 0 or more, got -0.1"),
        ({"eps": None}, "fgsm needs eps, the largest perturbation"),
        ({"eps": 0.1, "norm": "linff"}, r"unknown norm 'linff' \(did you mean 'linf'\?\)"),
        ({"eps": 0.1, "batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_be_are_refused(trained, options, message):
    with pytest.raises(InputError, match=message):
        FGSM(trained.model, **options)


def test_an_attack_on_mixed_devices_answers_where_it_was_asked(trained):
    made = FGSM(trained.model, eps=0.1).run(trained.images, trained.labels)
    assert {made.inputs.device, made.success.device, made.queries.device} == {torch.device("cpu")}
