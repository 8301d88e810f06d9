"""Tests of burnish.verbs.scoring.joined."""

import torch

from burnish.data import TensorSource
from burnish.data.loaders.loader import evaluation_loader
from burnish.verbs.scoring.joined import Joined


def parts():
    values = torch.arange(20.0).view(10, 2)
    sizes = [3, 0, 5, 2]
    return [TensorSource(x, y) for x, y in zip(values.split(sizes), torch.arange(10).split(sizes), strict=True)], values


def test_samples_come_one_part_after_another():
    sources, values = parts()
    joined = Joined(sources)
    assert len(joined) == 10
    batches = list(evaluation_loader(joined, 4))
    assert torch.equal(torch.cat([batch.inputs for batch in batches]), values)
    assert torch.cat([batch.targets for batch in batches]).tolist() == list(range(10))


def test_any_order_may_be_asked_for():
    sources, values = parts()
    index = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    inputs, targets = Joined(sources).gather(index)
    assert torch.equal(inputs, values[index])
    assert torch.equal(targets, index)


def test_a_sample_keeps_the_name_of_its_part():
    joined = Joined(parts()[0])
    assert [joined.describe(index) for index in (0, 2, 3, 7, 8)] == [f"sample {n}" for n in (0, 2, 0, 4, 0)]


def test_moving_moves_every_part():
    moved = Joined(parts()[0]).to(torch.device("meta"))
    assert {part.inputs.device.type for part in moved.parts} == {"meta"}
