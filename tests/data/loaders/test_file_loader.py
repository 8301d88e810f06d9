"""Tests of burnish.data.loaders.file_loader."""

import itertools
import os
import random
import sys

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.loaders.file_loader import FileLoader, join_nested
from burnish.data.loaders.loader import make_loader
from burnish.data.source import Source


class Numbers(Source):
    """Samples that also tell who read them."""

    def __len__(self):
        return 17

    def gather(self, index):
        who = torch.tensor([os.getpid(), torch.get_num_threads()]).expand(len(index), 2)
        return {"value": index.float(), "who": who}, index


class Corrupt(Numbers):
    def gather(self, index):
        if 11 in index.tolist():
            raise InputError("photos/11.jpg cannot be read: it is truncated")
        return super().gather(index)


class Noisy(Numbers):
    """Draws from all global generators, as a user's augmentation may."""

    draws = True

    def gather(self, index):
        noise = [torch.rand(()).item() + float(np.random.rand()) + random.random() for _ in index]
        return torch.tensor(noise), index


def batches(source, workers, epoch=0, start=0):
    return list(make_loader(source, 4, shuffle=True, seed=0, workers=workers).batches(epoch, start))


def test_workers_read_the_same_samples_as_this_process():
    here, beside = batches(Numbers(), 0), batches(Numbers(), 2)
    assert {batch.inputs["who"][0, 0].item() for batch in here} == {os.getpid()}
    assert len({batch.inputs["who"][0, 0].item() for batch in beside} - {os.getpid()}) == 2
    for one, other in zip(here, beside, strict=True):
        assert torch.equal(one.inputs["value"], other.inputs["value"])
        assert torch.equal(one.index, other.index)


def test_workers_use_one_thread_each():
    assert {batch.inputs["who"][0, 1].item() for batch in batches(Numbers(), 1)} == {1}


@pytest.mark.parametrize("workers", [0, 2])
def test_the_global_generators_are_never_touched(workers):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    batches(Noisy(), workers)
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_randomness_of_a_sample_depends_on_seed_epoch_and_number_alone():
    def by_number(loader, epoch, start=0):
        return {
            int(n): v for b in loader.batches(epoch, start) for n, v in zip(b.index, b.inputs.tolist(), strict=True)
        }

    first = by_number(make_loader(Noisy(), 4, shuffle=True, seed=0), 0)
    assert len(set(first.values())) == 17
    assert by_number(make_loader(Noisy(), 5, shuffle=False, seed=0, workers=2), 0) == first
    resumed = by_number(make_loader(Noisy(), 4, shuffle=True, seed=0), 0, start=2)
    assert resumed.items() <= first.items()
    assert by_number(make_loader(Noisy(), 4, shuffle=True, seed=0), 1)[3] != first[3]


def test_workers_live_from_epoch_to_epoch():
    loader = make_loader(Numbers(), 4, shuffle=True, seed=0, workers=2)
    who = [{batch.inputs["who"][0, 0].item() for batch in loader.batches(epoch)} for epoch in range(2)]
    assert who[0] == who[1]


def test_two_epochs_at_once_and_one_left_halfway_do_not_mix():
    loader = make_loader(Numbers(), 4, shuffle=True, seed=0, workers=1)
    expected = [batch.index.tolist() for batch in batches(Numbers(), 0)]
    next(loader.batches(5))
    pairs = list(zip(loader.batches(0), loader.batches(0), strict=True))
    assert [one.index.tolist() for one, _ in pairs] == expected
    assert [other.inputs["value"].int().tolist() for _, other in pairs] == expected


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_in_a_worker_comes_out_as_its_one_line(workers):
    with pytest.raises(InputError) as caught:
        batches(Corrupt(), workers)
    assert str(caught.value) == "photos/11.jpg cannot be read: it is truncated"


def test_cv2_is_pinned_where_it_is_there():
    pytest.importorskip("cv2")

    class Threads(Numbers):
        def gather(self, index):
            return torch.full((len(index),), float(sys.modules["cv2"].getNumThreads())), index

    assert {batch.inputs[0].item() for batch in batches(Threads(), 1)} <= {0.0, 1.0}


def test_parts_are_joined_in_order_whatever_their_nesting():
    parts = tuple({"a": (torch.tensor([n]), torch.tensor([2 * n]))} for n in range(3))
    assert join_nested(parts)["a"][1].tolist() == [0, 2, 4]


def test_a_file_loader_starts_anywhere_with_workers():
    whole = batches(Numbers(), 0, epoch=1)
    rest = batches(Numbers(), 2, epoch=1, start=2)
    assert all(itertools.starmap(torch.equal, zip((b.index for b in rest), (b.index for b in whole[2:]), strict=True)))
    assert isinstance(make_loader(Numbers(), 2, shuffle=True, seed=0), FileLoader)
