import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.tasks import create
from burnish.training.distributed import World
from burnish.training.wrap import blocks, check_processes, wrapper

CPU = torch.device("cpu")
CLASSES = Schema("points", "classification", (2,), classes=("a", "b"))
TWO = World(0, 2, 0)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_one_process_needs_no_wrapper(parallel):
    assert wrapper(create("classification", CLASSES), World(), CPU, parallel) is None


@pytest.mark.parametrize("name", ["gan", "perceptron"])
@pytest.mark.parametrize("world", [World(), TWO])
def test_a_task_with_its_own_gradients_cannot_be_sharded(name, world):
    schema = CLASSES if name == "perceptron" else Schema("points", "generation", (2,))
    with pytest.raises(InputError, match=rf"task '{name}' takes gradients in its own way.*use --parallel ddp"):
        wrapper(create(name, schema), world, CPU, "fsdp")


def test_sharding_over_a_single_process_is_refused_with_the_command_to_use():
    with pytest.raises(InputError, match="this is one alone: start several with torchrun --nproc-per-node 2"):
        check_processes("fsdp", World())
    check_processes("fsdp", TWO)
    check_processes("ddp", World())


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(2, 2)
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.ReLU(), nn.Linear(2, 2)])
        self.attention = nn.MultiheadAttention(2, 1)


def test_blocks_are_the_members_of_outermost_lists_that_have_weights():
    model = Nested()
    assert blocks(model) == [model.layers[0], model.layers[2]]


def test_shared_weights_are_gathered_together():
    model = Nested()
    model.layers[2].weight = model.stem.weight
    assert blocks(model) == []
