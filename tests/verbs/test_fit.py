"""Tests of burnish.verbs.fit."""

from pathlib import Path

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.verbs.fit import Fit, command


def test_fit_gives_a_run_with_model_metrics_history_and_path(tmp_path):
    run = burnish.fit("iris", "mlp", epochs=2, out=tmp_path, quiet=True)
    assert run.path == tmp_path / "0001-fit"
    assert run.model(torch.zeros(3, 4)).shape == (3, 3)
    assert set(run.metrics["validation"]) >= {"loss", "accuracy"}
    assert run.history
    assert run.result["epochs"] == 2


def test_every_option_reaches_the_config_with_what_was_chosen(tmp_path):
    run = burnish.fit("iris", "mlp", epochs=1, model_option={"hidden": [8]}, weight_decay=0.5, out=tmp_path, quiet=True)
    assert run.config["fit"]["weight_decay"] == 0.5
    assert run.config["fit"]["learning_rate"] > 0
    assert run.config["model"]["options"] == {"hidden": [8]}


def test_training_learns(tmp_path):
    run = burnish.fit("iris", "logistic-regression", epochs=60, learning_rate=0.05, out=tmp_path, quiet=True)
    assert burnish.evaluate(run).metrics["accuracy"].value > 0.85


def test_any_module_and_any_tensors_will_do(tmp_path):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 6, generator=generator)
    targets = (inputs.sum(dim=1) > 0).long()
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
    run = burnish.fit(data=(inputs, targets), model=model, epochs=15, learning_rate=0.05, out=tmp_path, quiet=True)
    assert run.model is model
    assert run.metrics["validation"]["accuracy"].value > 0.8


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path):
    weights = [
        burnish.fit("iris", "mlp", epochs=1, seed=seed, out=tmp_path, quiet=True).model.state_dict()
        for seed in (1, 1, 2)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_the_global_random_state_is_left_alone(tmp_path):
    before = torch.get_rng_state()
    burnish.fit("iris", "mlp", epochs=1, out=tmp_path, quiet=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_run_can_start_from_another(tmp_path):
    first = burnish.fit("iris", "mlp", epochs=1, out=tmp_path, quiet=True)
    second = burnish.fit(parent=first.path, epochs=1, learning_rate=1e-12, out=tmp_path, quiet=True)
    assert second.parent.path == first.path
    weights = first.model.state_dict()
    assert all(torch.allclose(tensor, weights[name]) for name, tensor in second.model.state_dict().items())


def test_the_shell_s_answer_names_the_run_and_its_scores(tmp_path):
    outcome = command(Fit(data="iris", model="mlp", epochs=1, out=tmp_path, quiet=True))
    assert outcome.data["run"] == str(tmp_path / "0001-fit")
    assert outcome.data["verb"] == "fit"
    assert outcome.text.endswith(f"run: {tmp_path / '0001-fit'}")
    assert "accuracy (validation): " in outcome.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "mpl"}, r"unknown model 'mpl' \(did you mean 'mlp'\?\)"),
        ({"model": "lenet5"}, "lenet5"),
        ({"epoch": 3}, r"fit has no option 'epoch' \(did you mean 'epochs'\?\)"),
        ({"epochs": "3"}, "epochs expects a whole number, got the text '3'"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": -1.0}, "learning_rate|learning rate"),
        ({"optimizer": "adm"}, "optimizer expects one of .* got the text 'adm'"),
        ({"batch_size": 10_000}, "batch"),
        ({"device": "cuda:99"}, "device 'cuda:99' was asked for, but torch finds"),
        ({"model_option": {"hiden": [3]}}, r"mlp has no option 'hiden' \(did you mean 'hidden'\?\)"),
        ({"resume": "nowhere"}, "nowhere"),
        ({"parent": "nowhere"}, "nowhere"),
        ({"model": "no_such_module:Net"}, "no_such_module"),
        ({"weights": "nothing.pth"}, r"there are no weights 'nothing\.pth': expected torchvision:NAME"),
        ({"weights": "torchvision:resnet18"}, "torchvision:resnet18 are weights of resnet18, not of mlp"),
    ],
)
def test_what_cannot_be_used_is_named_and_leaves_nothing_behind(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        burnish.fit("iris", **{"model": "mlp", "out": tmp_path / "runs", "quiet": True} | options)
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_no_data_is_named():
    with pytest.raises(InputError, match="no data: give --data NAME or PATH"):
        command(Fit())


def test_a_model_that_does_not_take_the_data_is_named_before_anything_is_written(tmp_path):
    message = r"Linear cannot be trained on iris: inputs of shape \(2, 4\) with task classification gave RuntimeError: "
    with pytest.raises(InputError, match=message):
        burnish.fit("iris", nn.Linear(5, 3), out=tmp_path, quiet=True)
    assert not list(Path(tmp_path).iterdir())
