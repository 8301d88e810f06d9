"""Tests of burnish.runs.run."""

import json
import sys

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate
from burnish.data.schema import Schema
from burnish.models import for_data
from burnish.runs import Run, load_run
from burnish.runs.config import write_config
from burnish.runs.model_record import record_module, record_named, save_weights

IMAGES = Schema("image", "classification", (1, 4, 4), classes=("a", "b"))


def write_run(folder, model, record, schema=IMAGES, **config):
    """What ``fit`` leaves behind, without fitting."""
    folder.mkdir()
    told = {"verb": "fit", "fit": {"seed": 0}, "model": record, "task": {"name": "classification", "options": {}}}
    write_config(folder, told | {"data": {"name": "x", "seed": 0, "options": {}}} | config)
    (folder / "schema.json").write_text(json.dumps(schema.to_dict()))
    save_weights(model, folder / "model.safetensors")
    return folder


@pytest.fixture
def named(tmp_path):
    """A run of a zoo model, and the model it holds."""
    model = for_data("mlp", IMAGES, hidden=(3,))
    model.input.mean.fill_(0.25)  # the training statistics travel with the weights
    return write_run(tmp_path / "0001-fit", model, record_named("mlp", {"hidden": (3,)})), model.eval()


def test_a_named_model_comes_back_with_its_statistics_in_evaluation_mode(named):
    path, model = named
    found = load_run(path).model
    inputs = torch.rand(5, 1, 4, 4)
    assert torch.equal(found(inputs), model(inputs))
    assert not any(module.training for module in found.modules())


def test_opening_a_run_leaves_the_generators_alone(named):
    before = torch.get_rng_state()
    _ = load_run(named[0]).model
    assert torch.equal(torch.get_rng_state(), before)


def test_the_model_is_read_once(named):
    run = load_run(str(named[0]))
    assert run.model is run.model


def test_a_module_of_the_users_own_takes_the_weights(tmp_path):
    path = write_run(tmp_path / "0001-fit", first := nn.Linear(4, 2), record_module(first))
    mine = nn.Linear(4, 2)
    assert load_run(path, model=mine).model is mine
    assert torch.equal(mine.weight, first.weight)
    with pytest.raises(InputError, match=r"your own module torch\.nn\.modules\.linear:Linear: pass it as load_run"):
        _ = load_run(path).model


def test_trust_follows_the_recorded_path(tmp_path, monkeypatch):
    (tmp_path / "ownnets.py").write_text(
        "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self): super().__init__(4, 2)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from ownnets import Net

    first = Net()
    path = write_run(tmp_path / "0001-fit", first, record_module(first))
    again = load_run(path, trust=True).model
    assert type(again) is Net
    assert torch.equal(again.weight, first.weight)
    sys.modules.pop("ownnets")


def test_a_run_that_is_given_is_given_back_unless_something_is_added(named):
    run = load_run(named[0])
    assert load_run(run) is run
    mine = for_data("mlp", IMAGES, hidden=(3,))
    assert load_run(run, model=mine).model is mine
    assert load_run(run, trust=True).trust


def test_metrics_are_estimates_by_split_and_a_later_evaluation_wins(named):
    path, _ = named
    assert load_run(path).result == {}
    assert load_run(path).metrics == {}
    first, second = Estimate(0.9, 0.8, 0.95, 50), Estimate(0.7, 0.6, 0.8, 50)
    result = {"metrics": {"validation": {"accuracy": vars(first)}}}
    (path / "result.json").write_text(json.dumps(result))
    assert load_run(path).metrics == {"validation": {"accuracy": first}}
    for split in ("validation", "test"):
        told = {"split": split, "metrics": {"accuracy": vars(second)}}
        (path / f"evaluation-{split}.json").write_text(json.dumps(told))
    assert load_run(path).metrics == {"validation": {"accuracy": second}, "test": {"accuracy": second}}


def test_the_history_is_the_rows_of_the_log(named):
    path, _ = named
    assert load_run(path).history == []
    (path / "metrics.jsonl").write_text('{"event": "train", "step": 1}\n')
    assert load_run(path).history == [{"event": "train", "step": 1}]


@pytest.mark.parametrize("relative", [True, False])
def test_runs_know_where_they_came_from(named, tmp_path, relative):
    path, model = named
    parent = "../0001-fit" if relative else str(path)
    child = write_run(tmp_path / "0002-fit", model, record_named("mlp", {"hidden": (3,)}), parent=parent)
    run = load_run(child)
    assert run.parent.path == path
    assert run.parent.parent is None


def test_the_task_is_that_of_the_run(named):
    task = load_run(named[0]).task
    assert task.name == "classification"
    assert task.schema == IMAGES


def test_data_of_another_process_have_to_be_given_again(named):
    run = load_run(named[0])
    with pytest.raises(InputError, match="was made from data in memory: pass data= with the same tensors"):
        _ = run.data
    given = object()
    assert run.remember(data=given).data is given


def test_data_are_loaded_again_with_the_split_of_the_run(tmp_path):
    from burnish.data import load

    data = {"name": "iris", "origin": "iris", "seed": 5, "options": {"validation": 0.2}}
    path = write_run(tmp_path / "0001-fit", nn.Linear(4, 3), record_named("mlp", {}), data=data)
    expected, other = load("iris", seed=5, validation=0.2), load("iris", seed=6, validation=0.2)
    index = torch.arange(len(expected.train))
    found = load_run(path).data.train.gather(index)[0]
    assert torch.equal(found, expected.train.gather(index)[0])
    assert not torch.equal(found, other.train.gather(index)[0])


def test_a_place_without_a_run_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match=r"there is no run '.*/0009-fit': expected a folder such as runs/0001-fit"):
        load_run(tmp_path / "0009-fit")
    with pytest.raises(InputError, match=r"is not a run: it has no config\.toml; expected a folder such as"):
        load_run(tmp_path)
    (tmp_path / "config.toml").write_text("verb = fit")
    with pytest.raises(InputError, match=r"config\.toml cannot be read: "):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "ask", "line"),
    [
        ("schema.json", None, "schema", r"has no schema\.json: it is not whole; fit again"),
        ("schema.json", "{}", "schema", r"schema\.json is damaged: it does not describe data"),
        ("schema.json", "{", "schema", r"schema\.json is damaged: "),
        ("result.json", '{"metr', "result", r"result\.json is damaged: "),
        ("result.json", "[]", "result", r"result\.json is damaged: expected a JSON object, got a list"),
        ("result.json", '{"metrics": {"test": {"a": {}}}}', "metrics", "the metrics of run .* are damaged: .*evaluate"),
        ("model.safetensors", None, "model", "there are no weights at .*: the run did not finish"),
        ("model.safetensors", "noise", "model", r"weights .*model\.safetensors are damaged: "),
    ],
)
def test_what_is_missing_or_damaged_is_one_clear_line(named, file, content, ask, line):
    path, _ = named
    (path / file).unlink(missing_ok=True)
    if content is not None:
        (path / file).write_text(content)
    with pytest.raises(InputError, match=line):
        getattr(load_run(path), ask)


def test_a_run_reads_as_its_path(named):
    assert repr(Run(named[0])) == f"Run('{named[0]}')"
