"""Sharded weights learn, save and resume like whole ones. Run as a script, this file is one of two processes."""

import os
import shutil
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import nn

from burnish.common.errors import CheckpointError
from burnish.data.loaders.loader import make_loader
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.tasks import create
from burnish.training.checkpoint import read_checkpoint, write_checkpoint
from burnish.training.defaults import resolve_options
from burnish.training.distributed import World, gather_objects, join_world, leave_world
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from burnish.training.sharded import mesh_of, put_back, split_like, take_out, whole_state
from burnish.training.wrap import wrapper

SAMPLES = 22
STEPS = 6
HALF = 3
SCHEMA = Schema("points", "classification", (5,), classes=("a", "b", "c"))
OPTIONS = {
    "adamw": {},
    "adam": {"optimizer": "adam"},
    "sgd": {"optimizer": "sgd"},
    "nesterov": {"optimizer": "nesterov"},
    "rmsprop": {"optimizer": "rmsprop"},
    "adagrad": {"optimizer": "adagrad"},
    "clip_norm": {"clip_norm": 0.05, "optimizer": "sgd", "learning_rate": 1.0},
    "clip_value": {"clip_value": 0.01, "optimizer": "sgd", "learning_rate": 1.0},
    "penalties": {"l1": 0.01, "l2": 0.1},
    "group_lasso": {"group_lasso": 0.1},
    "max_norm": {"max_norm": 0.5},
    "ema": {"ema": 0.9},
    "accumulate": {"accumulate": 3},
}


def fresh_model(kind="mlp"):
    """Rows that two ranks cannot share evenly, a part of one row, and a norm with running statistics."""
    torch.manual_seed(0)
    if kind == "lstm":
        return Recurrent()
    return nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.Tanh(), nn.Linear(7, 1), nn.Linear(1, 3))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 3, num_layers=2, batch_first=True)
        self.head = nn.Linear(3, 3)

    def forward(self, inputs):
        return self.head(self.lstm(inputs[:, None])[0][:, -1])


def engine(world, parallel="fsdp", kind="mlp", **chosen):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, 5, generator=generator)
    targets = torch.randint(3, (SAMPLES,), generator=generator)
    options = {"epochs": 2, "max_steps": STEPS, "batch_size": 7, "schedule": "constant", "precision": "fp32", **chosen}
    options = resolve_options(TrainingOptions(**options), SCHEMA, "classification", SAMPLES)
    task = create("classification", SCHEMA)
    source = TensorSource(inputs, targets)
    loader = make_loader(source, 7, shuffle=True, seed=0, rank=world.rank, ranks=world.size)
    wrap = wrapper(task, world, torch.device("cpu"), parallel)
    return Engine(fresh_model(kind), task, loader, options, world=world, wrap=wrap)


def fitted(world, **chosen):
    trained = engine(world, **chosen)
    trained.fit()
    trained.adopt_average()
    return trained


def stopped_at(step, trained):
    trained.events.on("step", lambda engine: setattr(engine, "stop_requested", "half way"), once=step)
    trained.fit()
    return trained


def resumed(world, path, parallel):
    again = engine(world, parallel, ema=0.9)
    again.load_state_dict(read_checkpoint(path, mesh_of(again.module)))
    again.fit()
    return whole_state(again.module, world)


def main(answer):
    folder = Path(answer).parent
    world, alone = join_world(), World()
    found = {name: [fitted(alone, **o).module.state_dict()] for name, o in OPTIONS.items()}
    for name, chosen in OPTIONS.items():
        found[name].append(whole_state(fitted(world, **chosen).module, world))
    found["lstm"] = [
        fitted(alone, kind="lstm").module.state_dict(),
        whole_state(fitted(world, kind="lstm").module, world),
    ]
    whole = engine(world, ema=0.9)
    own = sum(parameter.to_local().numel() for parameter in whole.module.parameters())
    found["parts"] = gather_objects(own, world)

    found["uninterrupted"] = whole_state(fitted(world, ema=0.9).module, world)
    not_adopted = engine(world, ema=0.9)
    not_adopted.fit()
    found["straight"] = whole_state(not_adopted.module, world)
    half = stopped_at(HALF, engine(world, ema=0.9))
    sharded = write_checkpoint(folder / "sharded", HALF, half.state_dict(), None, world)
    plain = folder / "plain"
    if world.is_main:
        half_alone = stopped_at(HALF, engine(alone, ema=0.9))
        write_checkpoint(plain, HALF, half_alone.state_dict(), None, alone)
    gather_objects(None, world)
    plain = plain / sharded.name
    for name, path in {"sharded": sharded, "plain": plain}.items():
        for parallel in ("fsdp", "ddp"):
            found[f"{name} to {parallel}"] = resumed(world, path, parallel)
        found[f"{name} to one"] = resumed(alone, path, "ddp")
    leave_world()
    if world.is_main:
        torch.save(found, answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def found(two_processes, folder):
    return two_processes(__file__, folder)


@pytest.mark.parametrize("name", [*OPTIONS, "lstm"])
def test_sharded_weights_learn_what_whole_ones_learn(found, name):
    alone, sharded = found[name]
    assert list(sharded) == list(alone)
    for key in alone:
        torch.testing.assert_close(sharded[key], alone[key], rtol=1e-5, atol=2e-6)
    start = fresh_model("lstm" if name == "lstm" else "mlp").state_dict()
    assert any(not torch.equal(start[key], alone[key]) for key in alone)


@pytest.mark.parametrize("name", ["clip_norm", "clip_value", "penalties", "group_lasso", "max_norm", "ema"])
def test_each_option_changes_what_is_learned(found, name):
    reference = "sgd" if name.startswith("clip") else "adamw"
    key = "0.weight"
    assert (found[name][1][key] - found[reference][1][key]).abs().max() > 1e-4


def test_every_process_holds_its_part_alone(found):
    assert sum(found["parts"]) == sum(parameter.numel() for parameter in fresh_model().parameters())
    assert max(found["parts"]) < 0.7 * sum(found["parts"])


def test_a_sharded_checkpoint_resumes_to_the_bit(found):
    assert all(torch.equal(found["sharded to fsdp"][key], value) for key, value in found["straight"].items())


@pytest.mark.parametrize("way", ["sharded to ddp", "sharded to one", "plain to fsdp", "plain to ddp", "plain to one"])
def test_a_checkpoint_resumes_on_another_number_of_processes(found, way):
    for key, value in found["straight"].items():
        torch.testing.assert_close(found[way][key], value, rtol=1e-5, atol=2e-6)


def test_shards_are_safetensors_and_the_manifest_vouches_for_them(found, folder):
    checkpoint = folder / "sharded" / f"step-{HALF:010d}"
    shards = sorted((checkpoint / "shards").iterdir())
    assert [file.suffix for file in shards] == [".safetensors"] * 2
    manifest = (checkpoint / "manifest.json").read_text()
    assert all(f"shards/{file.name}" in manifest for file in shards)


def test_a_tampered_shard_is_refused(found, folder, tmp_path):
    checkpoint = shutil.copytree(folder / "sharded" / f"step-{HALF:010d}", tmp_path / f"step-{HALF:010d}")
    shard = next((checkpoint / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="is truncated or was altered"):
        read_checkpoint(checkpoint)


def test_a_missing_shard_is_told_even_without_the_manifest(found, folder, tmp_path):
    checkpoint = shutil.copytree(folder / "sharded" / f"step-{HALF:010d}", tmp_path / "copy")
    state = torch.load(checkpoint / "state.pt", weights_only=True)
    shutil.rmtree(checkpoint / "shards")
    with pytest.raises(CheckpointError, match=r"the shards of checkpoint .* cannot be read"):
        put_back(state, checkpoint, None)


def test_whole_weights_pass_through_unchanged():
    state = {"module": fresh_model().state_dict(), "list": [1, (2.0, "x")]}
    shards = {}
    taken = take_out(state, shards)
    assert shards == {}
    assert taken["list"] == state["list"]
    assert put_back(taken, Path("nowhere"), None)["module"].keys() == state["module"].keys()
    assert split_like(state, fresh_model()) is state


def test_the_whole_state_of_a_whole_module_is_its_state_dict():
    module = fresh_model()
    state = whole_state(module, World())
    assert all(torch.equal(state[name], value) for name, value in module.state_dict().items())
    assert not {t.data_ptr() for t in state.values()} & {
        t.data_ptr() for t in chain(module.parameters(), module.buffers())
    }


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # see burnish/__main__.py
