"""Tests of burnish.verbs.attacking.choice."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.choice import check_options, chosen_suite, outputs_of, radius, sample_count

MODEL = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).eval()


def asked(**options):
    return Attack(subject="x", **options)


def test_the_radius_is_the_usual_one_of_the_norm_unless_given():
    assert [radius(asked(norm=norm)) for norm in ("linf", "l2", "l1")] == [8 / 255, 0.5, 12]
    assert radius(asked(eps=0.0, norm="l2")) == 0


def test_the_number_of_samples_depends_on_what_one_costs():
    assert sample_count(asked()) == sample_count(asked(attack="pgd")) == 1000
    assert sample_count(asked(suite="standard")) == 512
    assert sample_count(asked(black_box="substitute")) == 256
    assert sample_count(asked(suite="standard", samples=7)) == 7


def test_options_reach_the_attacks_that_have_them():
    suite = chosen_suite(asked(attack="fgsm, pgd,square", steps=7, queries=20, eps=0.2, seed=3), MODEL, "logits")
    fgsm, pgd, square = suite.attacks
    assert suite.name == "fgsm+pgd+square"
    assert (pgd.steps, square.queries) == (7, 20)
    assert {attack.eps for attack in suite.attacks} == {0.2}
    assert {attack.seed for attack in suite.attacks} == {3}
    assert fgsm.batch_size == 128


def test_queries_are_also_those_of_an_attack_that_calls_them_otherwise():
    (attack,) = chosen_suite(asked(attack="hop-skip-jump", queries=90), MODEL, "logits").attacks
    assert attack.max_queries == 90


def test_a_suite_is_the_quick_one_unless_another_is_named():
    suite = chosen_suite(asked(queries=33), MODEL, "probabilities")
    assert suite.name == "quick"
    assert suite.attacks[2].queries == 33
    assert {attack.outputs for attack in suite.attacks} == {"probabilities"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attack": "pgd", "black_box": "substitute"}, "--attack and --black-box each say what to attack with"),
        ({"suite": "quick", "attack": "pgd"}, "--suite and --attack each say what to attack with"),
        ({"black_box": "substitute", "transfer_to": ("a",)}, "--transfer-to compares models by their gradients"),
        ({"batch_size": 0}, "batch-size must be at least 1, got 0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        check_options(asked(**options))


def test_outputs_are_judged_by_what_the_model_gives():
    x = torch.rand(5, 1, 2, 2)
    assert outputs_of(MODEL, x, torch.device("cpu")) == "logits"
    assert outputs_of(nn.Sequential(MODEL, nn.Softmax(dim=1)), x, torch.device("cpu")) == "probabilities"
