"""Two processes score a split as one does. Run as a script, this file is one of them."""

import os
import sys

import pytest
import torch
from torch import nn

from burnish.data.loaders.loader import evaluation_loader
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.tasks import create
from burnish.training.distributed import World, gather_objects, join_world, leave_world
from burnish.training.evaluating import evaluate_together, join_columns, parts_of_evaluation

CLASSES = Schema("points", "classification", (3,), classes=("a", "b"))
POINTS = Schema("points", "generation", (3,))
SAMPLES = 37


def split():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(SAMPLES, 3, generator=generator), torch.randint(2, (SAMPLES,), generator=generator)


def score(world, statistic=0.0, whole=False):
    torch.manual_seed(0)
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    module[0].running_mean.fill_(statistic)
    task = create("classification", CLASSES)
    parts = {} if whole else parts_of_evaluation(task, SAMPLES, world)
    loader = evaluation_loader(TensorSource(*split()), 10, **parts)
    found = evaluate_together(task, module, loader, world)
    return {"samples": found.samples, "metrics": {name: vars(e) for name, e in found.metrics.items()}}


def main(answer):
    world = join_world()
    found = {
        "alone": score(World()),
        "together": gather_objects(score(world), world),
        "each the whole": score(world, whole=True),
        "own statistics": gather_objects(score(world, statistic=float(world.rank)), world),
    }
    leave_world()
    if world.is_main:
        torch.save(found, answer)


@pytest.fixture(scope="module")
def found(two_processes, tmp_path_factory):
    return two_processes(__file__, tmp_path_factory.mktemp("world"))


def assert_same(one, other):
    assert one["samples"].keys() == other["samples"].keys()
    for name, column in one["samples"].items():
        torch.testing.assert_close(other["samples"][name], column)
    assert other["metrics"]["accuracy"] == one["metrics"]["accuracy"]
    assert other["metrics"]["loss"]["value"] == pytest.approx(one["metrics"]["loss"]["value"], rel=1e-6)


def test_two_processes_find_the_numbers_of_one_and_both_have_them(found):
    for answer in found["together"]:
        assert_same(found["alone"], answer)
    assert found["alone"]["samples"]["index"].tolist() == list(range(SAMPLES))


def test_a_sample_that_both_scored_counts_once(found):
    assert_same(found["alone"], found["each the whole"])


def test_running_statistics_are_those_of_rank_0(found):
    for answer in found["own statistics"]:
        assert_same(found["alone"], answer)


def test_only_the_usual_way_of_scoring_is_shared():
    two = World(1, 2, 1)
    assert parts_of_evaluation(create("classification", CLASSES), SAMPLES, two) == {"rank": 1, "ranks": 2}
    assert parts_of_evaluation(create("classification", CLASSES), 1, two) == {}
    assert parts_of_evaluation(create("gan", POINTS), SAMPLES, two) == {}
    assert parts_of_evaluation(create("classification", CLASSES), SAMPLES, World()) == {}


def test_columns_come_back_in_the_order_of_the_split():
    first = {"index": torch.tensor([4, 0]), "loss": torch.tensor([0.4, 0.0])}
    second = {"index": torch.tensor([2, 0]), "loss": torch.tensor([0.2, 0.0])}
    joined = join_columns([first, second])
    assert joined["index"].tolist() == [0, 2, 4]
    torch.testing.assert_close(joined["loss"], torch.tensor([0.0, 0.2, 0.4]))


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # see burnish/__main__.py
