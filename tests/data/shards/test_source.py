"""Tests of burnish.data.shards.source."""

import multiprocessing
import os
import pickle
from functools import partial

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import Data, Schema, make_loader
from burnish.data.images.file_list import FileList
from burnish.data.images.source import ImageFolderSource
from burnish.data.shards.index import read_index
from burnish.data.shards.order import local_order
from burnish.data.shards.source import ShardSource
from burnish.data.shards.writing import write_shards

from .conftest import png


@pytest.fixture
def source(tmp_path):
    """40 images in shards of three, beside the same images in files: ``source.files[i]`` is sample ``i``."""
    (tmp_path / "files").mkdir()
    names = [f"{number:02}.png" for number in range(40)]
    for number, name in enumerate(names):
        (tmp_path / "files" / name).write_bytes(png(number, (10 + number % 3, 10)))
    labels = torch.arange(40) % 2
    folder = ImageFolderSource(FileList(tmp_path / "files", names), labels, (3, 8, 8))
    schema = Schema("image", "classification", (3, 8, 8), classes=("a", "b"))
    empty = ImageFolderSource(FileList(tmp_path, []), labels[:0], (3, 8, 8))
    write_shards(Data("d", schema, folder, empty, empty), tmp_path / "s", size=6000)
    index = read_index(tmp_path / "s")
    found = ShardSource([shard.path for shard in index.shards], index.rows, (3, 8, 8), checked=True)
    found.files = folder
    return found


def twin(source, index):
    """The numbers, in the folder of files, of samples: an image is found by its pixels."""
    every = source.files.gather(torch.arange(40))[0].flatten(1)
    return [int((every == image).all(1).nonzero()) for image in source.gather(index)[0].flatten(1)]


def test_samples_are_those_of_the_files_in_any_order(source):
    index = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    numbers = twin(source, index)
    assert sorted(numbers) == list(range(40))
    assert torch.equal(source.gather(index)[1], torch.tensor(numbers) % 2)
    assert torch.equal(source.labels()[index], torch.tensor(numbers) % 2)
    images, labels = source.originals(index[:5])
    for number, pixels, label in zip(numbers, images, labels, strict=False):
        assert pixels.shape == (10, 10 + number % 3, 3)
        assert label == number % 2


def test_grey_and_colour_are_brought_to_the_shape(source):
    grey = ShardSource(source.paths, source.rows, (1, 8, 8), checked=True)
    assert grey.gather(torch.arange(2))[0].shape == (2, 1, 8, 8)
    assert grey.sizes()[0][2] == 3


def test_a_part_has_its_own_numbers(source):
    part = source.take(torch.tensor([7, 3, 30]))
    assert len(part) == 3
    assert torch.equal(part.gather(torch.tensor([1]))[0], source.gather(torch.tensor([3]))[0])
    assert part.describe(2) == source.describe(30)
    assert part.describe(2).endswith(f"{source.rows['shard'][30]:06}.tar:000000030.png")


def test_the_order_is_the_local_one_of_its_rows(source):
    assert torch.equal(source.order(1, 2), local_order(source.rows, 1, 2))


@pytest.mark.parametrize(("workers", "ranks"), [(1, 1), (2, 1), (4, 1), (0, 2), (0, 3), (2, 2)])
def test_every_sample_comes_once_and_batches_are_the_same_for_any_workers_and_ranks(workers, ranks, source):
    def epoch(workers, ranks, start=0):
        loaders = [
            make_loader(source, 10, shuffle=True, seed=5, workers=workers, rank=rank, ranks=ranks)
            for rank in range(ranks)
        ]
        parts = zip(*(loader.batches(1, start) for loader in loaders), strict=True)
        return [(torch.cat([b.index for b in part]), torch.cat([b.inputs for b in part])) for part in parts]

    whole, found = epoch(0, 1), epoch(workers, ranks)
    assert torch.cat([index for index, _ in found]).sort().values.tolist() == list(range(40))
    for ours, theirs in zip(found, whole, strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    for ours, theirs in zip(epoch(workers, ranks, start=3), whole[3:], strict=True):
        assert torch.equal(ours[0], theirs[0])


def test_loaders_read_it_in_its_own_order(source, monkeypatch):
    monkeypatch.setattr("burnish.data.shards.source.local_order", partial(local_order, window=6000, lanes=2))
    loader = make_loader(source, 10, shuffle=True, seed=5)
    index = torch.cat([batch.index for batch in loader.batches(3)])
    assert torch.equal(index, source.order(5, 3))
    assert len(set(source.rows["shard"][index[:6].numpy()].tolist())) < 6


def child(packed, connection):
    connection.send(pickle.loads(packed).gather(torch.arange(3))[0].sum().item())


def test_it_goes_to_a_process_that_shares_nothing(source):
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=child, args=(pickle.dumps(source), theirs))
    process.start()
    assert ours.recv() == source.gather(torch.arange(3))[0].sum().item()
    process.join()


def test_no_file_stays_open(source):
    before = os.listdir("/proc/self/fd")
    source.gather(torch.arange(40))
    next(source.originals(torch.arange(40))[0])
    assert os.listdir("/proc/self/fd") == before


def test_more_shards_than_may_be_open_are_read(source, monkeypatch):
    monkeypatch.setattr("burnish.data.shards.source._OPEN", 2)
    assert len(list(source.originals(torch.arange(40))[0])) == 40


def test_a_shard_that_vanishes_is_one_line(source):
    os.unlink(source.paths[1])
    source.gather(torch.tensor([0]))
    with pytest.raises(InputError, match=r"shard .*000001\.tar is gone: .* put it back, then go on with --resume"):
        source.gather(torch.arange(40))


def test_a_truncated_shard_is_one_line(source):
    row = source.rows[4]
    os.truncate(source.paths[row["shard"]], int(row["offset"]) + 10)
    with pytest.raises(
        InputError, match=rf"is truncated: it ends at byte {row['offset'] + 10}, inside the sample at byte"
    ):
        source.gather(torch.tensor([4]))


def test_one_flipped_bit_is_found_by_the_checksum(source):
    row = source.rows[4]
    path = source.paths[row["shard"]]
    with open(path, "r+b") as file:
        file.seek(int(row["offset"]) + 50)
        byte = file.read(1)[0]
        file.seek(int(row["offset"]) + 50)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(
        InputError, match=rf"sample 000000004\.png at byte {row['offset']} has a wrong checksum; copy it"
    ):
        source.gather(torch.tensor([4]))


def test_what_is_no_image_is_one_line(source):
    rows = source.rows[:1].copy()
    rows["size"] = 30
    broken = ShardSource(source.paths, rows, (3, 8, 8), checked=False)
    with pytest.raises(InputError, match=r"cannot read image 000000000\.png in shard .*000000\.tar at byte 512: "):
        broken.gather(torch.tensor([0]))


def test_reading_leaves_the_generators_alone(source):
    state, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()
    source.order(0, 0)
    source.gather(torch.arange(4))
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numbers).all()
