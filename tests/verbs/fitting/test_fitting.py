"""Tests of burnish.verbs.fitting.fitting: what a fit leaves behind, and how it goes on."""

import shutil
import tomllib

import pytest
import torch

import burnish
from burnish.common.errors import InputError


class StopAfter:
    """An observer that asks for a stop, as Ctrl-C does."""

    name = "stop-after"

    def __init__(self, step):
        self.step = step

    def subscribe(self, engine):
        engine.events.on("step", self.stop)

    def stop(self, engine):
        if engine.step == self.step:
            raise KeyboardInterrupt

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return burnish.fit("iris", "mlp", epochs=3, out=tmp_path_factory.mktemp("runs"), quiet=True)


def test_the_config_is_enough_to_fit_the_same_weights_again(run, tmp_path):
    told = tomllib.loads((run.path / "config.toml").read_text())["fit"]
    again = burnish.fit(**{key: value for key, value in told.items() if key not in ("out", "json")}, out=tmp_path)
    weights = again.model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in run.model.state_dict().items())


def test_a_run_that_was_cut_off_ends_with_the_same_weights(run, tmp_path):
    with pytest.raises((KeyboardInterrupt, burnish.common.errors.Interrupted)):
        burnish.fit("iris", "mlp", epochs=3, out=tmp_path, quiet=True, observers=[StopAfter(run.result["steps"] - 1)])
    resumed = burnish.fit(resume=tmp_path / "0001-fit", quiet=True)
    weights = resumed.model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in run.model.state_dict().items())


def test_resuming_takes_its_options_from_the_run(run, tmp_path):
    with pytest.raises(InputError, match="--resume takes its options from the run: leave out epochs"):
        burnish.fit(resume=run.path, epochs=5)


def test_a_finished_run_is_not_resumed(run):
    with pytest.raises(InputError, match=r"is finished: start another from it with --parent"):
        burnish.fit(resume=run.path)


def test_a_run_without_a_checkpoint_is_not_resumed(run, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "copy")
    (copy / "result.json").unlink()
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(InputError, match="has no checkpoint to go on from: start it again"):
        burnish.fit(resume=copy)


def test_early_stopping_gives_back_the_best_weights(tmp_path):
    run = burnish.fit(
        "iris", "mlp", epochs=40, learning_rate=1.0, schedule="constant", early_stopping=2, out=tmp_path, quiet=True
    )
    assert run.result["epochs"] < 40
    assert any("the best on validation" in note for note in run.result["notes"])
    best = max(row["accuracy"] for row in run.history if row["event"] == "validation")
    assert run.metrics["validation"]["accuracy"].value == pytest.approx(best)


def test_a_run_from_a_parent_starts_with_its_weights_and_names_it_relatively(tmp_path):
    parent = burnish.fit("iris", "mlp", epochs=2, quiet=True, out=tmp_path / "runs")
    child = burnish.fit(
        parent=parent.path, max_steps=1, learning_rate=1e-12, weight_decay=0.0, quiet=True, out=tmp_path / "runs"
    )
    assert child.config["parent"] == "../0001-fit"
    assert child.parent.path == parent.path
    assert child.data.name == "iris"
    for name, value in parent.model.state_dict().items():
        torch.testing.assert_close(child.model.state_dict()[name], value)
    (tmp_path / "runs").rename(tmp_path / "moved")
    assert burnish.load_run(tmp_path / "moved" / "0002-fit").parent.path == (tmp_path / "moved" / "0001-fit").resolve()


def test_a_parent_of_other_data_is_refused_in_one_line(tmp_path):
    parent = burnish.fit("iris", "mlp", max_steps=1, quiet=True, out=tmp_path)
    with pytest.raises(InputError, match=r"the weights of run .* do not fit WithInput on these data"):
        burnish.fit("wine", parent=parent.path, quiet=True, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["0001-fit"]
