"""Tests of burnish.verbs.fitting.augmenting: from the option to a training split that changes."""

import tomllib

import pytest
import torch

import burnish
from burnish.common.errors import InputError
from burnish.data.statistics import statistics
from burnish.verbs.fit import Fit
from burnish.verbs.fitting.augmenting import augmented
from burnish.verbs.interface.arguments import parse


@pytest.fixture(scope="module")
def digits():
    return burnish.data.load("digits")


def names(options):
    return [entry["name"] for entry in options.augment]


def test_without_augmentation_the_split_is_what_it_was(digits):
    options, source = augmented(Fit(), digits, "classification")
    assert source is digits.train
    assert options.augment == "none"
    assert augmented(Fit(augment=()), digits, "classification")[1] is digits.train


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--augment", "flip-crop"], ["random-crop", "horizontal-flip"]),
        (["--augment", "rotate"], ["rotate"]),
        (["--augment", "rotate,horizontal-flip"], ["rotate", "horizontal-flip"]),
        (["--augment", "rotate", "--augment", "cutout"], ["rotate", "cutout"]),
    ],
)
def test_a_shell_names_a_preset_or_operations(words, expected, digits):
    options, source = augmented(parse(Fit, words), digits, "classification")
    assert names(options) == expected
    index = torch.arange(64)
    assert not torch.equal(source.gather(index)[0], digits.train.gather(index)[0])


def test_what_was_written_down_gives_the_same_pixels_again(digits):
    options, source = augmented(Fit(augment="heavy"), digits, "classification")
    again, same = augmented(options, digits, "classification")
    assert again == options
    assert torch.equal(same.gather(torch.arange(9))[0], source.gather(torch.arange(9))[0])


def test_a_recipe_gives_names_and_tables(digits):
    told = tomllib.loads('augment = ["horizontal-flip", {name = "rotate", degrees = [0, 15]}]')
    options, _ = augmented(Fit(augment=tuple(told["augment"])), digits, "classification")
    assert names(options) == ["horizontal-flip", "rotate"]
    assert tuple(options.augment[1]["degrees"]) == (0, 15)


def test_statistics_and_the_other_splits_are_those_of_the_data(digits, tmp_path):
    run = burnish.fit("digits", "mlp", augment="heavy", max_steps=1, out=tmp_path, quiet=True)
    assert torch.equal(run.model.input.mean.flatten(), statistics(digits).mean)
    metrics = burnish.evaluate(run, split="validation").metrics
    assert metrics["accuracy"] == run.metrics["validation"]["accuracy"]


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("mediun", r"unknown augmentation 'mediun' \(did you mean 'medium'\?\)"),
        (({"name": "rotate", "degree": 3},), r"rotate has no field 'degree' \(did you mean 'degrees'\?\)"),
        (({"name": "random-crop", "resize": 5},), "random-crop cuts 8x8 out of images whose shorter side is 5"),
        (("hue",), "hue changes colours, and these images have 1 channels"),
    ],
)
def test_what_cannot_be_is_told_before_a_run_is_made(augment, message, tmp_path):
    with pytest.raises(InputError, match=message):
        burnish.fit("digits", "mlp", augment=augment, out=tmp_path, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_each_kind_of_data_has_its_own_operations():
    with pytest.raises(InputError, match=r"unknown operation of augmentation 'medium': expected one of .*row-mask"):
        augmented(Fit(augment="medium"), burnish.data.load("iris"), "classification")


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("iris", {"augment": ["row-noise", {"name": "row-swap", "share": 0.2}], "model": "mlp"}),
        ("points", {"augment": "row-noise", "model": "gan"}),
        ("words.txt", {"augment": "token-dropout", "sequence_length": 16, "model_option": {"hidden": 8}}),
    ],
)
def test_rows_and_texts_are_changed_too_and_recorded(data, options, tmp_path):
    if data == "words.txt":
        data = tmp_path / data
        data.write_text("the quick cat\nsat on the mat\n" * 60)
    plain, changed, again = (
        burnish.fit(data, max_steps=3, log_every=1, quiet=True, out=tmp_path / "runs", **(options | given))
        for given in ({"augment": "none"}, {}, {})
    )
    assert changed.config["fit"]["augment"][0]["probability"] == 1.0
    losses = [[row["loss"] for row in run.history if row["event"] == "train"] for run in (plain, changed, again)]
    assert losses[0] != losses[1] == losses[2]


def test_mixed_targets_are_for_tasks_that_take_them(digits):
    for name in ("mixup", "cutmix"):
        with pytest.raises(InputError, match=f"{name} gives targets that task perceptron does not take"):
            augmented(Fit(augment=(name,)), digits, "perceptron")


def test_samples_are_mixed_and_learnt(tmp_path):
    run = burnish.fit("digits", "mlp", augment=["mixup"], epochs=6, out=tmp_path, quiet=True)
    assert run.metrics["validation"]["accuracy"].value > 0.7
    assert [row["name"] for row in run.config["fit"]["augment"]] == ["mixup"]
