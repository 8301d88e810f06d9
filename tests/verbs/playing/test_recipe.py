"""Tests of burnish.verbs.playing.recipe."""

from pathlib import Path

import pytest

from burnish.common.errors import InputError
from burnish.verbs.playing.recipe import bundled, find, read

GOOD = """
title = "Two runs"
[[steps]]
verb = "fit"
id = "base"
epochs = 3
[[steps]]
verb = "fit"
parent = "@base"
[[steps]]
verb = "report"
runs = ["@base"]
"""


@pytest.fixture
def written(tmp_path, played):
    def write(text):
        path = tmp_path / "recipe.toml"
        path.write_text(text)
        return path

    return write


def test_a_recipe_is_its_title_and_its_steps(written):
    recipe = read(written(GOOD))
    assert recipe.title == "Two runs"
    assert [step.label for step in recipe.steps] == ["step 1 (base)", "step 2 (fit)", "step 3 (report)"]
    assert [step.makes_run for step in recipe.steps] == [True, True, False]


def test_a_reference_becomes_the_path_of_the_run(written):
    steps = read(written(GOOD)).steps
    assert steps[1].resolved({"base": "runs/1"}) == {"parent": "runs/1"}
    assert steps[2].resolved({"base": "runs/1"}) == {"runs": ["runs/1"]}


def test_options_can_be_replaced_by_id_and_by_number(written):
    steps = read(written(GOOD), ["base.epochs=5", "2.hidden=8,4", "2.model=mlp"]).steps
    assert steps[0].values == {"epochs": 5}
    assert steps[1].values == {"parent": "@base", "hidden": (8, 4), "model": "mlp"}


def test_the_folder_reaches_the_steps_that_make_runs_and_name_none(written):
    steps = read(written(GOOD.replace("epochs = 3", 'out = "mine"')), out=Path("theirs")).steps
    assert [step.values.get("out") for step in steps] == ["mine", "theirs", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 3", "has no steps: expected at least one table"),
        ("title = 'x'", "has no steps: expected at least one table"),
        (
            "[[step]]\nverb = 'fit'",
            r"unknown key of a recipe 'step' \(did you mean 'steps'\?\): expected one of steps, title",
        ),
        ("[[steps]", "cannot read the recipe '.*recipe.toml': "),
        ("[[steps]]\nepochs = 3", "step 1 names no verb: expected verb = one of fit, "),
        ("[[steps]]\nverb = 'fti'", r"step 1: unknown verb 'fti' \(did you mean 'fit'\?\)"),
        ("[[steps]]\nverb = 'run'\nrecipe = 'quickstart'", "step 1: unknown verb 'run'"),
        (
            "[[steps]]\nverb = 'fit'\nepoch = 3",
            r"step 1 \(fit\): fit has no option 'epoch' \(did you mean 'epochs'\?\)",
        ),
        ("[[steps]]\nverb = 'fit'\nepochs = '3'", r"step 1 \(fit\): epochs expects a whole number, got the text '3'"),
        ("[[steps]]\nverb = 'evaluate'", r"step 1 \(evaluate\): evaluate needs 'run'"),
        ("[[steps]]\nverb = 'fit'\nid = 3", "step 1 has the id 3: expected letters"),
        (
            "[[steps]]\nverb = 'evaluate'\nrun = '@base'",
            r"step 1 \(evaluate\) refers to '@base': no earlier step has an id",
        ),
        (
            "[[steps]]\nverb='fit'\nid='base'\n[[steps]]\nverb='evaluate'\nrun='@bsae'",
            r"step 2 \(evaluate\) refers to '@bsae' \(did you mean 'base'\?\): expected @base",
        ),
        ("[[steps]]\nverb='fit'\nid='base'\nparent='@base'", r"step 1 \(base\) refers to '@base': no earlier step"),
        (
            "[[steps]]\nverb='fit'\nid='a'\n[[steps]]\nverb='evaluate'\nid='b'\nrun='@a'\n[[steps]]\nverb='evaluate'\nrun='@b'",
            r"step 3 \(evaluate\) refers to '@b', but evaluate makes no run",
        ),
        (
            "[[steps]]\nverb='fit'\nid='a'\n[[steps]]\nverb='fit'\nid='a'",
            r"step 2 \(a\) has the id of an earlier step",
        ),
    ],
)
def test_what_is_wrong_is_named_before_anything_runs(written, played, text, message):
    with pytest.raises(InputError, match=message):
        read(written(text))
    assert played == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=3", "--set expects step.option=value, got 'epochs=3': write --set base.epochs=2, say"),
        ("bsae.epochs=3", r"unknown step 'bsae' \(did you mean 'base'\?\): expected one of 1, 2, 3, base"),
        ("base.epoch=3", r"unknown option 'epoch' \(did you mean 'epochs'\?\)"),
        ("base.epochs=x", "--set base.epochs expects a whole number, got 'x'"),
    ],
)
def test_a_wrong_replacement_is_named(written, override, message):
    with pytest.raises(InputError, match=message):
        read(written(GOOD), [override])


def test_a_bundled_recipe_is_found_by_name_and_any_other_by_path(tmp_path):
    assert find("quickstart") == bundled()["quickstart"]
    (tmp_path / "mine.toml").write_text("")
    assert find(str(tmp_path / "mine.toml")) == tmp_path / "mine.toml"


def test_an_unknown_recipe_is_named():
    known = "fashion-mnist, quickstart, shakespeare"
    message = rf"no recipe 'quickstrat' \(did you mean 'quickstart'\?\): expected {known}, or the path"
    with pytest.raises(InputError, match=message):
        find("quickstrat")


@pytest.mark.parametrize("name", sorted(bundled()))
def test_a_bundled_recipe_fits_the_verbs(name):
    recipe = read(bundled()[name])
    assert recipe.steps[0].verb == "fit"
    assert recipe.steps[-1].verb == "report"
