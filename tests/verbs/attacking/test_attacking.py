"""Tests of burnish.verbs.attacking.attacking."""

import pytest
import torch

import burnish
from burnish.common.errors import InputError
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.attacking import attacked


def asked(run, **options):
    return attacked(Attack(subject=str(run.path), quiet=True, **options), run, None, None)


def test_the_curve_of_a_suite_is_that_of_its_iterative_attack(digits_run):
    found = asked(digits_run, samples=32, eps=0.1)
    assert found.curve_attacks == ("pgd",)
    assert found.curve.eps == (0.0, 0.025, 0.05, 0.1, 0.2)
    assert found.curve.accuracy[0] == found.clean_accuracy


def test_the_curve_is_drawn_where_asked_and_not_beyond_the_whole_space(digits_run):
    assert asked(digits_run, samples=16, attack="fgsm").curve is None
    assert asked(digits_run, samples=16, curve=(0.0,)).curve is None
    assert asked(digits_run, samples=16, eps=0.8).curve.eps == (0.0, 0.2, 0.4, 0.8)
    own = asked(digits_run, samples=16, attack="fgsm,bim", curve=(0.3, 0.1))
    assert (own.curve.eps, own.curve_attacks) == ((0.1, 0.3), ("fgsm", "bim"))


def test_the_seed_decides_everything(digits_run):
    one, same, other = (asked(digits_run, samples=24, eps=0.1, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.inputs, same.inputs)
    assert not torch.equal(one.result.labels, other.result.labels)


def test_a_few_samples_are_halved_between_learning_and_attacking(digits_run):
    found = asked(digits_run, samples=20, black_box="substitute", queries=200, eps=0.2)
    assert len(found.result) == 20
    whole = asked(digits_run, black_box="substitute", queries=200, eps=0.2)
    assert len(whole.result) == len(digits_run.data.test) - 150


def test_runs_on_other_data_are_no_targets_of_transfer(digits_run, photos_run):
    with pytest.raises(InputError, match=r"is on other data than 0001-fit: inputs \(3, 8, 8\) and 3 classes, expected"):
        asked(digits_run, samples=8, transfer_to=(photos_run.path,))
    with pytest.raises(InputError, match="names 0001-fit twice, or the run that is attacked"):
        asked(digits_run, samples=8, transfer_to=(digits_run.path,))


def test_nothing_is_written_where_something_cannot_be(tmp_path):
    with pytest.raises(InputError, match="write 8/255"):
        burnish.attack(torch.nn.Flatten(), data="digits", eps=8.0, out=tmp_path / "runs", quiet=True)
    assert not (tmp_path / "runs").exists()
