"""Masks in two processes. Run as a script, this file is one of them."""

import sys

import pytest
import torch
from tests.pruning.weights.networks import cnn, zeros
from tests.training.conftest import two_processes  # noqa: F401 - a fixture
from torch import nn

from burnish.data.loaders.loader import make_loader
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.pruning.weights.gradual import GradualSparsity
from burnish.pruning.weights.sparsify import sparsify_
from burnish.tasks import create
from burnish.training.defaults import resolve_options
from burnish.training.distributed import World, join_world, leave_world, share_object
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from burnish.training.sharded import whole_state
from burnish.training.wrap import wrapper

SCHEMA = Schema("image", "classification", (1, 6, 6), classes=("a", "b", "c"))


def without_norm() -> nn.Module:
    return nn.Sequential(*(part for part in cnn() if not isinstance(part, nn.BatchNorm2d)))


def trained(world: World, parallel: str, gradual: bool) -> dict[str, torch.Tensor]:
    images = torch.randn(32, 1, 6, 6, generator=torch.Generator().manual_seed(3))
    model = without_norm()
    observer = GradualSparsity(model, 0.7, times=3) if gradual else sparsify_(model, 0.7, least_per_output=1)
    task = create("classification", SCHEMA)
    chosen = TrainingOptions(epochs=4, batch_size=8, optimizer="adamw", learning_rate=0.01, precision="fp32")
    options = resolve_options(chosen, SCHEMA, task.name, 32)
    loader = make_loader(
        TensorSource(images, torch.arange(32) % 3), 8, shuffle=True, seed=0, rank=world.rank, ranks=world.size
    )
    wrap = wrapper(task, world, torch.device("cpu"), parallel)
    engine = Engine(model, task, loader, options, world=world, wrap=wrap)
    if gradual:
        engine.attach(observer)
    engine.fit()
    return whole_state(model, world)


CASES = [("ddp", False), ("ddp", True), ("fsdp", False)]


def main(path: str) -> None:
    world = join_world()
    found = {f"{parallel} {gradual}": trained(world, parallel, gradual) for parallel, gradual in CASES}
    if world.is_main:
        torch.save(found, path)
    share_object(None, world)
    leave_world()


@pytest.fixture(scope="module")
def together(two_processes, tmp_path_factory):  # noqa: F811
    return two_processes(__file__, tmp_path_factory.mktemp("masks"))


@pytest.mark.parametrize(("parallel", "gradual"), CASES)
def test_two_processes_train_as_one_and_keep_the_zeros(together, parallel, gradual):
    alone = trained(World(), "ddp", gradual)
    found = together[f"{parallel} {gradual}"]
    assert found.keys() == alone.keys()
    assert sum("mask" in name for name in alone) == 3
    for name, value in alone.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-4, msg=name)
    model = without_norm()
    sparsify_(model, 0.5)
    model.load_state_dict(found)
    assert sum(int(zero.sum()) for zero in zeros(model).values()) == round(0.7 * (72 + 288 + 96))


if __name__ == "__main__":
    main(sys.argv[1])
