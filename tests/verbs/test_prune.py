"""Tests of burnish.verbs.prune."""

import json

import pytest
import torch
from torch import nn

import burnish
from burnish.cli import main
from burnish.common.errors import InputError, Interrupted
from burnish.data import load
from burnish.models import for_data

QUIET = {"quiet": True, "threads": 1}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return burnish.fit("digits", "mlp", out=out, epochs=8, model_option={"hidden": (64, 64)}, **QUIET)


def zeros(model):
    weights = [p for p in model.parameters() if p.ndim > 1]
    return sum(int((p == 0).sum()) for p in weights) / sum(p.numel() for p in weights)


def test_a_pruned_run_is_smaller_keeps_its_score_and_opens_like_any_other(parent, tmp_path):
    run = burnish.prune(parent, params=0.5, epochs=3, out=tmp_path, **QUIET)
    told = run.result["pruning"]
    assert run.path.name == "0001-prune"
    assert run.parent.path == parent.path
    assert told["cut"]["parameters"] <= 0.5 * told["before"]["parameters"]
    assert told["finetuned"]["parameters"] == told["cut"]["parameters"] == run.result["parameters"]
    assert told["finetuned"]["metrics"]["accuracy"]["value"] > 0.9
    again = burnish.load_run(run.path)
    image = torch.rand(3, 1, 8, 8)
    assert torch.equal(again.model(image), run.model(image))
    assert burnish.evaluate(again).metrics["accuracy"].value > 0.85
    before = burnish.load_run(parent.path).model
    assert sum(p.numel() for p in before.parameters()) == told["before"]["parameters"]


def test_weights_that_went_stay_zero_through_finetuning_and_further_fits(parent, tmp_path):
    run = burnish.prune(parent, level="weight", sparsity=0.8, epochs=2, out=tmp_path, **QUIET)
    assert zeros(run.model) == pytest.approx(0.8, abs=0.01)
    assert run.result["pruning"]["finetuned"]["bytes"] < 0.4 * run.result["pruning"]["before"]["bytes"]
    assert (run.path / "model.safetensors").stat().st_size == run.result["pruning"]["finetuned"]["bytes"]
    assert zeros(burnish.load_run(run.path).model) == zeros(run.model)
    further = burnish.fit(parent=run.path, epochs=1, out=tmp_path, **QUIET)
    assert zeros(further.model) == zeros(run.model)
    more = burnish.prune(run, level="weight", sparsity=0.9, epochs=1, out=tmp_path, **QUIET)
    assert zeros(more.model) == pytest.approx(0.9, abs=0.01)


def test_a_pruned_model_is_pruned_again_at_another_level(parent, tmp_path):
    sparse = burnish.prune(parent, level="weight", sparsity=0.5, epochs=1, out=tmp_path, **QUIET)
    cut = burnish.prune(sparse, ratio=0.5, epochs=1, out=tmp_path, **QUIET)
    assert zeros(cut.model) > 0.2
    once_more = burnish.prune(cut, ratio=0.5, round_to=4, epochs=1, out=tmp_path, **QUIET)
    sizes = [run.result["parameters"] for run in (sparse, cut, once_more)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert burnish.evaluate(burnish.load_run(once_more.path)).metrics["accuracy"].value > 0.5


def test_rounds_make_a_chain_of_runs_that_ends_at_the_target(parent, tmp_path, capsys):
    words = [str(parent.path), "--ratio", "0.75", "--rounds", "2", "--epochs", "1", "--quiet", "--threads", "1"]
    assert main(["prune", *words, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "cut 2" in told
    assert "run: " in told
    runs = [burnish.load_run(path) for path in sorted(tmp_path.glob("*-prune"))]
    assert len(runs) == 2
    assert runs[1].parent.path == runs[0].path
    layers = runs[1].result["pruning"]["layers"]
    assert [(layer["before"], layer["after"]) for layer in layers] == [(32, 16), (32, 16)]


def test_as_much_is_cut_as_the_score_allows(parent, tmp_path):
    run = burnish.prune(parent, max_drop=3.0, epochs=2, out=tmp_path, **QUIET)
    first, last = parent.metrics["validation"]["accuracy"].value, run.metrics["validation"]["accuracy"].value
    assert 100 * (first - last) <= 3.0 + 1e-9
    made = sorted(tmp_path.glob("*-prune"))
    assert run.path in made
    if made[-1] != run.path:  # the round after it went too far
        beyond = burnish.load_run(made[-1]).result["pruning"]["finetuned"]["metrics"]["accuracy"]["value"]
        assert 100 * (first - beyond) > 3.0


@pytest.mark.parametrize("options", [{"ratio": 0.5}, {"level": "weight", "sparsity": 0.7}])
def test_an_interrupted_finetuning_goes_on_to_the_same_bits(parent, tmp_path, options):
    whole = burnish.prune(parent, epochs=2, out=tmp_path / "whole", **options, **QUIET)

    class Stop:
        name = "stop"
        at: int | None = 30

        def subscribe(self, engine):
            def stop(engine):
                engine.stop_requested = "interrupted"

            if self.at is not None:
                engine.events.on("step", stop, once=self.at)

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    with pytest.raises(Interrupted, match="burnish prune --resume"):
        burnish.prune(parent, epochs=2, out=tmp_path / "cut", observers=[Stop()], **options, **QUIET)
    from burnish.verbs.interface.options import build
    from burnish.verbs.prune import Prune
    from burnish.verbs.pruning.rounds import resume_run

    going_on = Stop()
    going_on.at = None
    resumed = resume_run(build(Prune, resume=tmp_path / "cut" / "0001-prune", quiet=True), None, [going_on])
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    keys = ("parameters", "macs", "bytes")
    assert [resumed.result["pruning"]["before"][k] for k in keys] == [
        whole.result["pruning"]["before"][k] for k in keys
    ]


def test_the_unpruned_model_teaches(parent, tmp_path):
    run = burnish.prune(parent, ratio=0.5, distill=0.5, epochs=2, out=tmp_path, **QUIET)
    assert run.metrics["validation"]["accuracy"].value > 0.85


def test_a_module_of_the_users_own_is_pruned_and_left_as_it_was(tmp_path):
    module = for_data("mlp", load("digits").schema)
    base = burnish.fit("digits", module, out=tmp_path, epochs=1, **QUIET)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run = burnish.prune(base, ratio=0.5, epochs=1, out=tmp_path, **QUIET)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert run.result["parameters"] < base.result["parameters"]
    again = burnish.prune(run, ratio=0.5, epochs=1, out=tmp_path, **QUIET)
    assert again.result["parameters"] < run.result["parameters"]
    fresh = burnish.load_run(again.path, model=for_data("mlp", load("digits").schema))
    image = torch.rand(2, 1, 8, 8)
    assert torch.equal(fresh.model(image), again.model(image))


def test_a_plain_module_gives_a_module_and_a_report():
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2)).train()
    tuned = []
    found = burnish.prune(net, torch.zeros(4, 8), criterion="l1", ratio=0.5, finetune=tuned.append)
    assert found.model[0].out_features == 16
    assert found.model.training
    assert tuned == [found.model]
    assert found.report["after"]["parameters"] < found.report["before"]["parameters"]
    assert net[0].out_features == 32
    sparse = burnish.prune(net, torch.zeros(4, 8), level="weight", sparsity=0.5)
    assert zeros(sparse.model) == 0.5
    json.dumps(found.report)


def test_sensitivity_looks_at_each_layer_alone_and_makes_no_run(parent, tmp_path, capsys):
    assert main(["prune", str(parent.path), "--sensitivity", "--json", "--out", str(tmp_path / "none")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["layers"]) == 2
    for layer in told["layers"].values():
        assert layer["channels"] == 64
        assert layer["values"][0] >= layer["values"][2] - 0.05
        assert told["whole"] >= layer["values"][2]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to prune: give the folder of a run"),
        (["PARENT"], "pruning needs one target, got none: --latency 0.5 is one of level filter"),
        (["PARENT", "--macs", "0.5", "--params", "0.5"], "pruning needs one target, got macs and params"),
        (["PARENT", "--sparsity", "0.5"], "--sparsity is no target of level filter: it takes latency, macs"),
        (["PARENT", "--level", "weight", "--ratio", "0.5"], "--ratio is no target of level weight"),
        (["PARENT", "--ratio", "1.5"], "ratio must lie in (0, 1), got 1.5"),
        (["PARENT", "--params", "0.0001"], "parameters cannot go down to 0.0001 of the whole"),
        (["PARENT", "--ratio", "0.5", "--criterion", "l3"], "unknown criterion 'l3'"),
        (["PARENT", "--ratio", "0.5", "--ignore", "conv9"], "ignore names 'conv9', which is no module"),
        (["PARENT", "--ratio", "0.5", "--max-drop", "1"], "max_drop finds out how much can go: leave out ratio"),
        (["PARENT", "--ratio", "0.5", "--distill", "2"], "distill must lie in [0, 1), got 2"),
        (["PARENT", "--sensitivity", "--level", "weight"], "sensitivity looks at filters"),
    ],
)
def test_bad_input_is_one_line_and_makes_no_run(parent, tmp_path, capsys, words, message):
    words = [str(parent.path) if word == "PARENT" else word for word in words]
    assert main(["prune", *words, "--quiet", "--out", str(tmp_path / "none")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_a_module_needs_an_example_and_weights():
    with pytest.raises(InputError, match="pruning a module needs an example of its input"):
        burnish.prune(nn.Linear(2, 2), ratio=0.5)
    with torch.device("meta"):
        net = nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 2))
    with pytest.raises(InputError, match="the model is on the meta device and has no weights to choose from"):
        burnish.prune(net, torch.zeros(1, 8), ratio=0.5)
    with pytest.raises(InputError, match="criterion 'taylor' looks at the loss on data"):
        burnish.prune(
            nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 2)), torch.zeros(1, 8), ratio=0.5, criterion="taylor"
        )
