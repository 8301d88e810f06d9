"""Tests of burnish.data.loaders.loader: what holds for every loader."""

import itertools

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.loaders.file_loader import FileLoader
from burnish.data.loaders.loader import evaluation_loader, make_loader
from burnish.data.loaders.memory_loader import MemoryLoader
from burnish.data.source import Source, TensorSource


class OnDisk(Source):
    """The same samples as a tensor source, read as if from files."""

    def __init__(self, source):
        self.source = source

    def __len__(self):
        return len(self.source)

    def gather(self, index):
        return self.source.gather(index)


def samples(count=23):
    return TensorSource(torch.randn(count, 3, generator=torch.Generator().manual_seed(0)), torch.arange(count))


KINDS = pytest.mark.parametrize("wrap", [lambda s: s, OnDisk], ids=["memory", "files"])


def equal(one, other):
    return (
        torch.equal(one.inputs, other.inputs)
        and torch.equal(one.targets, other.targets)
        and torch.equal(one.index, other.index)
        and one.weight == other.weight
    )


def test_the_source_decides_the_loader():
    assert isinstance(make_loader(samples(), 4, shuffle=True, seed=0), MemoryLoader)
    assert isinstance(make_loader(OnDisk(samples()), 4, shuffle=True, seed=0), FileLoader)


@KINDS
def test_an_epoch_holds_every_sample_once_with_its_number(wrap):
    loader = make_loader(wrap(samples()), 4, shuffle=True, seed=0)
    batches = list(loader.batches(0))
    assert len(batches) == len(loader) == 6
    assert sorted(torch.cat([batch.index for batch in batches]).tolist()) == list(range(23))
    for batch in batches:
        assert torch.equal(batch.targets, batch.index)
        assert torch.equal(batch.inputs, samples().inputs[batch.index])
        assert batch.weight == 1.0


@KINDS
def test_epochs_differ_and_the_same_epoch_comes_again(wrap):
    loader = make_loader(wrap(samples()), 4, shuffle=True, seed=0)
    first, second, again = (torch.cat([b.index for b in loader.batches(epoch)]) for epoch in (0, 1, 0))
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


@KINDS
def test_an_epoch_can_start_at_any_batch(wrap):
    loader = make_loader(wrap(samples()), 4, shuffle=True, seed=7)
    whole = list(loader.batches(3))
    for start in range(len(loader) + 1):
        rest = list(loader.batches(3, start))
        assert len(rest) == len(whole) - start
        assert all(itertools.starmap(equal, zip(rest, whole[start:], strict=True)))


@KINDS
@pytest.mark.parametrize("ranks", [2, 3])
def test_the_ranks_together_see_the_batches_of_one_process(wrap, ranks):
    alone = list(make_loader(wrap(samples()), 7, shuffle=True, seed=1, ranks=1).batches(2))
    loaders = [make_loader(wrap(samples()), 7, shuffle=True, seed=1, rank=rank, ranks=ranks) for rank in range(ranks)]
    shared = [list(loader.batches(2)) for loader in loaders]
    for number, batch in enumerate(alone):
        if number < len(shared[0]) - 1:  # a short last batch may be joined where there are more ranks
            assert torch.equal(torch.cat([part[number].index for part in shared]), batch.index)
            assert torch.equal(torch.cat([part[number].inputs for part in shared]), batch.inputs)
    assert sorted(torch.cat([b.index for part in shared for b in part]).tolist()) == list(range(23))


@KINDS
def test_weights_make_the_mean_over_ranks_the_mean_over_the_batch(wrap):
    parts = [
        list(make_loader(wrap(samples()), 7, shuffle=True, seed=1, rank=rank, ranks=3).batches(0)) for rank in range(3)
    ]
    for number in range(len(parts[0])):
        batches = [part[number] for part in parts]
        whole = torch.cat([batch.inputs for batch in batches])
        mean = sum(batch.weight * batch.inputs.mean(0) for batch in batches) / 3
        torch.testing.assert_close(mean, whole.mean(0))


@KINDS
def test_evaluation_goes_through_the_source_in_order(wrap):
    loader = evaluation_loader(wrap(samples()), 10)
    assert torch.cat([batch.index for batch in loader]).tolist() == list(range(23))
    assert evaluation_loader(wrap(samples())).batch_size == 23


@KINDS
def test_batch_size_zero_is_the_whole_source(wrap):
    (batch,) = make_loader(wrap(samples()), 0, shuffle=True, seed=0).batches(0)
    assert len(batch) == 23


@KINDS
def test_loading_never_touches_the_global_generator(wrap):
    before = torch.get_rng_state()
    list(make_loader(wrap(samples()), 4, shuffle=True, seed=0).batches(0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 24}, r"batch_size 24 is larger than the data \(23 samples\): use at most 23"),
        ({"batch_size": -1}, "batch_size must be positive, or 0 for the whole split, got -1"),
        ({"batch_size": 2, "workers": -1}, "workers must be 0 or more, or auto, got -1"),
        ({"batch_size": 2, "ranks": 3}, "a batch of 2 cannot be shared by 3 processes"),
    ],
)
def test_what_cannot_be_is_named(arguments, message):
    with pytest.raises(InputError, match=message):
        make_loader(samples(), shuffle=True, seed=0, **arguments)


def test_an_empty_split_is_named():
    with pytest.raises(InputError, match="there are no samples to load: this split is empty"):
        evaluation_loader(TensorSource(torch.empty(0, 2)))
