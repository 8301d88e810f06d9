"""Two processes have the gradients, the losses and the objects of one. Run as a script, this file is one of them."""

import os
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.loaders.loader import make_loader
from burnish.data.loaders.order import rank_bounds
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.tasks import create
from burnish.training import distributed
from burnish.training.defaults import resolve_options
from burnish.training.distributed import World, join_world, leave_world, own_device, sync_grads
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from burnish.training.wrap import wrapper

SAMPLES = 5
"""Odd, so that two ranks have unequal shares."""


def critic():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def plain(model, batch):
    (F.mse_loss(model(batch.inputs), batch.targets) * batch.weight).backward()


def penalty_of_gradients(model, batch):
    """Gulrajani et al. 2017, arXiv:1704.00028, eq. 3, without the critic's loss: the last bias gets no gradient."""
    inputs = batch.inputs.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model(inputs).sum(), inputs, create_graph=True)
    (((slopes.norm(dim=1) - 1) ** 2).mean() * batch.weight).backward()


def second_order(model, batch):
    """The Hessian times a fixed vector, through ``backward(create_graph=True)``, which DDP refuses."""
    (F.mse_loss(model(batch.inputs), batch.targets) * batch.weight).backward(create_graph=True)
    first = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    sum(gradient.sum() for gradient in first).backward()


def by_hand(model, batch):
    gradients = torch.autograd.grad(F.mse_loss(model(batch.inputs), batch.targets), list(model.parameters()))
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.grad = gradient * batch.weight


def one_layer_only(model, batch):
    """The layers that have no part in it get no gradient on any rank."""
    (model[0](batch.inputs).square().mean() * batch.weight).backward()


def one_rank_only(model, batch):
    """The first sample alone counts, so that the other rank has no gradient at all."""
    if 0 in batch.index:
        (model(batch.inputs[:1]).square().sum() / len(batch) * batch.weight).backward()


CASES = [plain, penalty_of_gradients, second_order, by_hand, one_layer_only]


def samples():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, 3, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(SAMPLES, 1, generator=generator, dtype=torch.float64)


def share_of(rank, ranks):
    inputs, targets = samples()
    start, stop = rank_bounds(0, SAMPLES, rank, ranks)
    weight = (stop - start) * ranks / SAMPLES
    return Batch(inputs[start:stop], targets[start:stop], torch.arange(start, stop), weight)


def gradients_of(case, rank, ranks):
    model = critic()
    case(model, share_of(rank, ranks))
    sync_grads(model.parameters(), ranks)
    return [None if parameter.grad is None else parameter.grad.detach().clone() for parameter in model.parameters()]


class Noise(nn.Module):
    """A small GAN whose noise is a table, so that a rank makes the samples that one process would make in its place."""

    def __init__(self, rank, ranks):
        super().__init__()
        torch.manual_seed(0)
        self.generator = nn.Linear(2, 3).double()
        self.discriminator = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
        self.table = torch.randn(SAMPLES, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        self.start, self.stop = rank_bounds(0, SAMPLES, rank, ranks)

    def sample(self, count, generator=None):
        noise = self.table[self.start : self.stop]
        assert count == len(noise)
        return self.generator(noise)


def gan_weights(world):
    schema = Schema("points", "generation", (3,))
    task = create("gan", schema)
    options = TrainingOptions(epochs=3, batch_size=0, precision="fp32", optimizer="sgd", learning_rate=0.1)
    options = resolve_options(options, schema, task.name, SAMPLES)
    loader = make_loader(TensorSource(samples()[0]), 0, shuffle=False, seed=0, rank=world.rank, ranks=world.size)
    model = Noise(world.rank, world.size)
    wrap = wrapper(task, world, torch.device("cpu"))
    Engine(model, task, loader, options, world=world, wrap=wrap).fit()
    return [parameter.detach().clone() for parameter in model.parameters()]


def main(answer):
    world = join_world()
    distributed.BUCKET_BYTES = 100  # several buckets
    found = {}
    for case in [*CASES, one_rank_only]:
        found[case.__name__] = [gradients_of(case, 0, 1), gradients_of(case, world.rank, world.size)]
    found["gan"] = [gan_weights(World()), gan_weights(world)]
    value = torch.tensor([1.0 + world.rank])
    found["average"] = distributed.average_tensor(value, world)
    distributed.copy_from_main([copied := value.clone()], world)
    found["copied"] = distributed.gather_objects(copied, world)
    found["shared"] = distributed.gather_objects(distributed.share_object(f"rank {world.rank}", world), world)
    leave_world()
    if world.is_main:
        torch.save(found, answer)


@pytest.fixture(scope="module")
def found(two_processes, tmp_path_factory):
    return two_processes(__file__, tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("case", [case.__name__ for case in [*CASES, one_rank_only]] + ["gan"])
def test_two_processes_have_the_gradients_of_one(found, case):
    alone, together = found[case]
    assert [gradient is None for gradient in together] == [gradient is None for gradient in alone]
    for one, two in zip(alone, together, strict=True):
        if one is not None:
            torch.testing.assert_close(two, one, rtol=1e-12, atol=1e-14)
            assert one.abs().max() > 0


def test_a_gan_moves_both_networks(found):
    before = list(Noise(0, 1).parameters())
    assert all(not torch.equal(old, new) for old, new in zip(before, found["gan"][1], strict=True))


def test_a_parameter_without_a_gradient_on_any_rank_keeps_none(found):
    assert [gradient is None for gradient in found["one_layer_only"][1]] == [False, False, True, True]


def test_numbers_are_averaged_and_the_word_of_rank_0_counts(found):
    assert found["average"].item() == 1.5
    assert [tensor.item() for tensor in found["copied"]] == [1.0, 1.0]
    assert found["shared"] == ["rank 0", "rank 0"]


def test_one_process_is_a_world_of_one(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join_world() == World(rank=0, size=1, local_rank=0)
    model = critic()
    sync_grads(model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_several_processes_without_torchrun_are_told_what_is_missing(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="WORLD_SIZE is 2, but RANK is not set: start the processes with torchrun"):
        join_world()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="process 1 of this machine has no GPU of its own, there are 1"):
        own_device(torch.device("cuda"), World(rank=1, size=2, local_rank=1))
    assert own_device(torch.device("cpu"), World(rank=1, size=2, local_rank=1)) == torch.device("cpu")


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # see burnish/__main__.py
