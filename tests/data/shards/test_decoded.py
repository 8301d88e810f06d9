"""Tests of burnish.data.shards.decoded."""

import os

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import DataOptions, Subset, load
from burnish.data.shards.decoded import decoded
from burnish.data.shards.shards import load_shards
from burnish.data.shards.writing import write_shards


@pytest.fixture
def shards(photos, tmp_path):
    write_shards(load(photos(count=40), cache_mb=0, validation=0.0, test=0.0), tmp_path / "s", size=20_000)
    return load_shards(tmp_path / "s", DataOptions(cache_mb=0, validation=0.0, test=0.0), 0).train


def test_what_is_kept_is_what_would_be_read(shards):
    kept = decoded(shards)
    index = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    assert kept.in_memory
    assert kept.inputs.dtype == torch.uint8
    for ours, theirs in zip(kept.gather(index), shards.gather(index), strict=True):
        assert torch.equal(ours, theirs)


def test_parts_and_copies_still_know_their_shard(shards):
    kept = decoded(shards)
    part = Subset(kept, torch.tensor([5, 70]))
    assert part.describe(1) == shards.describe(70)
    assert kept.rows(torch.tensor([5, 70])).describe(1) == shards.describe(70)
    assert kept.to(torch.device("cpu")).describe(3) == shards.describe(3)


def test_a_damaged_shard_is_told_as_when_reading(shards):
    os.truncate(shards.paths[1], 700)
    with pytest.raises(InputError, match=r"shard .*000001\.tar is truncated"):
        decoded(shards)
