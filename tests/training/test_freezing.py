"""Tests of burnish.training.freezing. Run as a script, this file is one of two processes."""

import copy
import itertools
import sys

import pytest
import torch
from tests.training.toy import SCHEMA, network, problem
from torch import nn

from burnish.common.errors import InputError
from burnish.data.loaders.loader import make_loader
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.distributed import join_world, leave_world
from burnish.training.engine import Engine
from burnish.training.freezing import Freezing, stage_rates
from burnish.training.options import TrainingOptions
from burnish.training.wrap import wrapper


def deep_network():
    """Stages 0, 1 (a BatchNorm), 3, 5."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def states(engine):
    """The weights after every epoch, the first ones before."""
    kept = [copy.deepcopy(engine.module.state_dict())]
    engine.events.on("epoch", lambda engine: kept.append(copy.deepcopy(engine.module.state_dict())))
    engine.fit()
    return kept


def moved(before, after):
    """Names of the stages that changed, running statistics included."""
    return sorted({name.split(".")[0] for name in before if not torch.equal(before[name], after[name])})


def test_a_frozen_backbone_keeps_every_bit_with_its_statistics(make_engine):
    engine = make_engine(deep_network(), freeze="backbone", weight_decay=0.1, optimizer="adamw")
    first, *_, last = states(engine)
    assert moved(first, last) == ["5"]


def test_stages_are_frozen_by_name_and_pattern(make_engine):
    first, *_, last = states(make_engine(deep_network(), freeze="[01], 3"))
    assert moved(first, last) == ["5"]
    first, *_, last = states(make_engine(deep_network(), freeze="1"))
    assert moved(first, last) == ["0", "3", "5"]


def test_flags_and_modes_are_afterwards_as_before(make_engine):
    model = deep_network()
    model[3].bias.requires_grad_(False)
    engine = make_engine(model, freeze="0", epochs=1)
    kept = model[3].bias.clone()
    engine.fit()
    assert [p.requires_grad for p in model.parameters()] == [True, True, True, True, True, False, True, True]
    assert torch.equal(model[3].bias, kept)
    assert all(module.training for module in model.modules())


def test_a_probe_trains_the_head_alone_first(make_engine):
    kept = states(make_engine(deep_network(), probe_epochs=2, epochs=4))
    assert [moved(a, b) for a, b in itertools.pairwise(kept)] == [
        ["5"],
        ["5"],
        ["0", "1", "3", "5"],
        ["0", "1", "3", "5"],
    ]


def test_gradual_unfreezing_goes_from_the_head_down_and_keeps_what_is_frozen_for_good(make_engine):
    kept = states(make_engine(deep_network(), unfreeze_epochs=1, epochs=5, freeze="0"))
    assert [moved(a, b) for a, b in itertools.pairwise(kept)] == [
        ["5"],
        ["3", "5"],
        ["1", "3", "5"],
        ["1", "3", "5"],
        ["1", "3", "5"],
    ]


@pytest.mark.parametrize("stop", [3, 6, 8, 14])
def test_a_run_resumed_in_the_middle_ends_with_the_same_bits(make_engine, stop):
    def build():
        return make_engine(deep_network(), unfreeze_epochs=1, epochs=4, layer_decay=0.5, optimizer="adamw")

    whole, first, saved = build(), build(), {}
    whole.fit()
    first.events.on("step", lambda engine: saved.update(copy.deepcopy(engine.state_dict())), once=stop)
    first.fit()
    second = build()
    second.load_state_dict(saved)
    second.fit()
    for name, value in whole.module.state_dict().items():
        assert torch.equal(second.module.state_dict()[name], value), name


def test_a_stage_further_from_the_head_moves_by_the_decay_less(make_engine):
    def step(**options):
        engine = make_engine(network(), optimizer="sgd", schedule="constant", max_steps=1, **options)
        first, last = states(engine)
        return {name: last[name] - first[name] for name in first}

    whole, decayed = step(), step(layer_decay=0.25)
    torch.testing.assert_close(decayed["0.weight"], 0.25 * whole["0.weight"], rtol=1e-3, atol=1e-7)
    torch.testing.assert_close(decayed["2.weight"], whole["2.weight"])


def test_the_reported_rate_is_that_of_the_head(make_engine):
    engine = make_engine(deep_network(), layer_decay=0.1, weight_decay=0.1, schedule="constant")
    assert engine.updater.learning_rate == pytest.approx(0.01)
    rates = sorted({group["lr"] for group in engine.optimizers["model"].param_groups})
    assert rates == pytest.approx([0.01e-3, 0.01e-2, 0.01e-1, 0.01])


def test_rates_fall_from_the_head_to_the_stem():
    assert stage_rates(network(), 0.1) == {"0.weight": 0.1, "0.bias": 0.1, "2.weight": 1.0, "2.bias": 1.0}


def test_it_says_what_it_does():
    def said(**options):
        return str(Freezing(network(), TrainingOptions(epochs=9, **options)))

    assert said() == ""
    assert said(freeze="backbone") == "frozen: 0"
    assert said(probe_epochs=2) == "learning: 2 alone for 2 epochs, then everything that is not frozen"
    assert said(unfreeze_epochs=3) == "learning: 2, and one stage more every 3 epochs"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"freeze": "layer9"}, "no stage is called 'layer9': expected backbone, or some of 0, 2"),
        ({"freeze": " ,"}, "freeze names no stage: expected backbone, or some of 0, 2"),
        ({"freeze": "*"}, r"freeze '\*' leaves nothing to learn: the stages are 0, 2"),
        ({"probe_epochs": 3}, "probe_epochs 3 leaves no epoch for the rest of the model: raise --epochs above 3"),
        ({"unfreeze_epochs": 3}, "unfreeze_epochs 3 leaves no epoch"),
        ({"probe_epochs": 1, "freeze": "2"}, "the head is frozen for good"),
        ({"probe_epochs": 1, "freeze": "backbone"}, "the backbone is frozen for good, so nothing would ever be unfr"),
        ({"probe_epochs": 1, "unfreeze_epochs": 1}, "two ways to begin with the head: give one of them"),
        ({"layer_decay": 0.5, "optimizer": "lbfgs"}, "layer_decay does not go with optimizer lbfgs"),
        ({"layer_decay": 1.5}, r"layer_decay must lie in \(0, 1\], got 1.5"),
        ({"unfreeze_epochs": 0}, "unfreeze_epochs must be at least 1, got 0"),
        ({"parallel": "fsdp", "probe_epochs": 1}, "stages of a sharded model stay frozen or learn for good"),
    ],
)
def test_what_cannot_be_is_named(make_engine, options, message):
    rate = {"learning_rate": None, "batch_size": 0} if options.get("optimizer") == "lbfgs" else {}
    with pytest.raises(InputError, match=message):
        make_engine(**options, **rate)


@pytest.mark.parametrize("options", [{"freeze": "backbone"}, {"layer_decay": 0.5}])
def test_a_model_of_one_stage_cannot_be_divided(make_engine, options):
    with pytest.raises(InputError, match="Linear has a single stage, so"):
        make_engine(nn.Linear(6, 3), **options)


def _trained(**options):
    chosen = TrainingOptions(
        epochs=3, batch_size=16, learning_rate=0.01, unfreeze_epochs=1, precision="fp32", **options
    )
    world = join_world()
    task, source = Classification(SCHEMA), problem()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    loader = make_loader(source, 16, shuffle=True, seed=0, rank=world.rank, ranks=world.size)
    resolved = resolve_options(chosen, SCHEMA, "classification", len(source))
    device = torch.device("cpu")
    engine = Engine(model, task, loader, resolved, world=world, wrap=wrapper(task, world, device))
    engine.fit()
    return model.state_dict(), world


def test_two_processes_unfreeze_together(two_processes, tmp_path):
    alone, _ = _trained()
    together = two_processes(__file__, tmp_path)
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-4, atol=1e-6)


if __name__ == "__main__":
    found, world = _trained()
    if world.is_main:
        torch.save(found, sys.argv[1])
    leave_world()
