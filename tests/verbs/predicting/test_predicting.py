"""Tests of burnish.verbs.predicting.predicting."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.runs.subject import opened
from burnish.verbs.predict import Predict
from burnish.verbs.predicting.predicting import predict_with


def say(run, x=None, **options):
    with opened(run) as subject:
        return predict_with(subject, Predict(run=run.path, **options), x)


def test_every_kind_of_run_answers_in_its_own_way(digits_run, table_run, text_run, points_run):
    assert list(say(digits_run, torch.zeros(8, 8)).rows[0])[:3] == ["row", "prediction", "confidence"]
    assert say(table_run, {"age": 70, "plan": "pro", "city": "A"}).labels == ("yes",)
    assert list(say(text_run, length=3).rows[0]) == ["prompt", "text"]
    assert list(say(points_run, count=1).rows[0]) == ["sample", "x1", "x2"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("digits_run", {"length": 5}),
        ("digits_run", {"seed": 1}),
        ("table_run", {"skip_unreadable": True}),
        ("table_run", {"temperature": 1.0}),
        ("text_run", {"batch_size": 2}),
        ("text_run", {"count": 2}),
        ("points_run", {"prompt": ("a",)}),
    ],
)
def test_an_option_that_means_nothing_is_never_ignored(kind, options, request):
    flag = "--" + next(iter(options)).replace("_", "-")
    with pytest.raises(InputError, match=f"{flag} means nothing for .* run 0001-fit: leave it out \\(it takes --"):
        say(request.getfixturevalue(kind), inputs=("x",), **options)


def test_skipping_means_nothing_for_arrays(digits_run):
    with pytest.raises(InputError, match="--skip-unreadable means nothing for arrays: leave it out"):
        say(digits_run, torch.zeros(8, 8), skip_unreadable=True)


def test_inputs_are_given_once(digits_run):
    with pytest.raises(InputError, match="inputs are given twice, as files and as an array: give one"):
        say(digits_run, torch.zeros(8, 8), inputs=("a.png",))


def test_many_classes_get_no_column_each(tmp_path):
    import burnish

    x = torch.rand(120, 4, generator=torch.Generator().manual_seed(0))
    run = burnish.fit((x, torch.arange(120) % 30), "mlp", max_steps=1, out=tmp_path, quiet=True)
    found = say(run, x[:2])
    assert list(found.rows[0]) == ["row", "prediction", "confidence"]
    assert found.probabilities.shape == (2, 30)


def test_several_numbers_a_sample_have_a_column_each(digits_run):
    task = digits_run.task
    said = task.predict
    try:
        task.predict = lambda output: {"prediction": output[:, :2]}
        found = say(digits_run, torch.zeros(3, 8, 8))
    finally:
        task.predict = said
    assert list(found.rows[0]) == ["row", "prediction_1", "prediction_2"]
    assert found.values.shape == (3, 2)
