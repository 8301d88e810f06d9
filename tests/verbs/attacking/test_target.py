"""Tests of burnish.verbs.attacking.target."""

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.target import opened_target


def test_a_run_brings_its_data_and_stands_in_evaluation_mode(digits_run):
    with opened_target(Attack(subject=str(digits_run.path)), str(digits_run.path), None, None) as target:
        assert target.run.path == digits_run.path
        assert target.module is not None
        assert not any(part.training for part in target.module.modules())
        assert target.data.schema == digits_run.schema
        assert (target.name, target.other) == (digits_run.path.name, "")


def test_other_data_are_kept_apart(digits_run):
    images, labels = digits_run.data.test.gather(torch.arange(100))
    names = [digits_run.schema.classes[label] for label in labels]
    data = burnish.data.load((images, names))
    with opened_target(Attack(subject="x"), digits_run, data, None) as target:
        assert target.other == "tensors"


def test_a_module_is_back_in_its_mode_afterwards():
    module = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 10)).train()
    module[1].eval()
    with opened_target(Attack(subject="x", data="digits"), module, None, None) as target:
        assert target.module is module
        assert not module.training
    assert [part.training for part in module.modules()] == [True, True, False, True]


def test_a_function_has_no_module():
    def answer(x):
        return x.flatten(1).argmax(1)

    with opened_target(Attack(subject="x", data="digits"), answer, None, None) as target:
        assert target.module is None
        assert target.name.endswith("answer")
        assert target.answers is answer


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("torch.nn:Flatten", "torch.nn:Flatten is no run, so it brings no data: give some with --data NAME or PATH"),
        ("math:pi", "math:pi is a float, expected an nn.Module or a function that predicts"),
        ("torch.nn:Linear", r"calling torch.nn:Linear\(\) failed with TypeError"),
        ("math:nothing", "cannot import the model 'math:nothing'"),
        ("nowhere", "there is no run 'nowhere'"),
    ],
)
def test_what_is_nothing_to_attack_is_named(subject, message):
    with (
        pytest.raises(InputError, match=message),
        opened_target(Attack(subject=subject), subject, None, None),
    ):
        pass
