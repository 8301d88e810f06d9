"""Tests of burnish.verbs.prune."""

import pytest
import torch

import burnish
from burnish.cli import main
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


def test_whole_blocks_go_and_the_run_opens_again(tmp_path):
    base = burnish.fit("digits", "resnet20", out=tmp_path, epochs=1, **QUIET)
    run = burnish.prune(base, level="layer", ratio=0.3, epochs=1, out=tmp_path, **QUIET)
    assert run.result["parameters"] < base.result["parameters"]
    again = burnish.load_run(run.path)
    image = torch.rand(3, 1, 8, 8)
    assert torch.equal(again.model(image), run.model(image))
    narrower = burnish.prune(run, ratio=0.5, epochs=1, out=tmp_path, **QUIET)
    assert burnish.load_run(narrower.path).model(image).shape == (3, 10)


def test_a_hardened_run_keeps_its_evidence_and_the_pruned_one_gets_its_own(parent, tmp_path):
    hard = burnish.harden(parent, with_="fast", eps=0.1, epochs=2, out=tmp_path, **QUIET)
    found = burnish.attack(hard, suite="quick", eps=0.1, samples=128, curve=(0.0,), quiet=True)
    kept = {file.name: file.read_bytes() for file in hard.path.glob("robustness-*.json")}
    assert kept
    small = burnish.prune(hard, ratio=0.5, epochs=1, out=tmp_path, **QUIET)
    burnish.attack(small, suite="quick", eps=0.1, samples=128, curve=(0.0,), quiet=True)
    assert {file.name: file.read_bytes() for file in hard.path.glob("robustness-*.json")} == kept
    assert list(small.path.glob("robustness-*.json"))
    assert small.parent.path == hard.path
    assert small.parent.parent.path == parent.path
    page = burnish.report(small.path)
    assert "0001-harden" in page.read_text()
    assert found.robust_accuracy.value > 0


def test_finetuning_in_bf16_keeps_the_score(parent, tmp_path):
    run = burnish.prune(parent, ratio=0.5, epochs=2, precision="bf16", out=tmp_path, **QUIET)
    assert run.metrics["validation"]["accuracy"].value > 0.85
    assert {p.dtype for p in run.model.parameters()} == {torch.float32}
