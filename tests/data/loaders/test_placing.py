"""Tests of burnish.data.loaders.placing."""

import pytest
import torch

from burnish.data.loaders.placing import place, to_channels_last


def test_everything_in_a_batch_goes_to_the_device():
    moved = place({"a": torch.zeros(2), "b": (torch.ones(1), "name")}, torch.device("meta"))
    assert moved["a"].device.type == moved["b"][0].device.type == "meta"
    assert moved["b"][1] == "name"


def test_nothing_is_copied_where_it_is_there_already():
    batch = torch.zeros(2)
    assert place(batch, torch.device("cpu")) is batch


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_copies_to_a_gpu_arrive_whole():
    batch = torch.randn(64, 1000)
    assert torch.equal(place(batch, torch.device("cuda")).cpu(), batch)


def test_what_is_no_float_image_keeps_its_layout():
    rows, masks = torch.randn(4, 2), torch.zeros(2, 3, 4, 4, dtype=torch.int64)
    assert to_channels_last(rows) is rows
    assert to_channels_last(masks) is masks
    assert to_channels_last(torch.zeros(2, 3, 4, 4)).is_contiguous(memory_format=torch.channels_last)
