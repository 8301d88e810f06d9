"""Tests of burnish.verbs.pruning.rounds."""

import pytest
import torch

import burnish
from burnish.cli import main
from burnish.common.errors import Interrupted

QUIET = {"quiet": True, "threads": 1}


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return burnish.fit("digits", "mlp", out=out, epochs=8, model_option={"hidden": (64, 64)}, **QUIET)


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
