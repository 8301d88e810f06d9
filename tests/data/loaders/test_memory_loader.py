"""Tests of burnish.data.loaders.memory_loader."""

import pytest
import torch

from burnish.data.loaders import memory_loader
from burnish.data.loaders.loader import make_loader
from burnish.data.loaders.memory_loader import split_nested
from burnish.data.source import Source, TensorSource


class Counted(TensorSource):
    def __init__(self, *tensors):
        super().__init__(*tensors)
        self.asked = []

    def gather(self, index):
        self.asked.append(len(index))
        return super().gather(index)

    def to(self, device):
        return self


class Pairs(Source):
    in_memory = True

    def __len__(self):
        return 9

    def gather(self, index):
        return {"left": index.float(), "right": (index * 2, index * 3)}, index


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("limit", [1, 40 * 12, 10**9])
def test_chunks_change_nothing_but_the_number_of_gathers(monkeypatch, limit, ranks):
    inputs, targets = torch.randn(100, 2), torch.arange(100)
    expected = list(make_loader(TensorSource(inputs, targets), 8, shuffle=True, seed=0, ranks=ranks).batches(1))
    monkeypatch.setattr(memory_loader, "CHUNK_BYTES", limit)
    source = Counted(inputs, targets)
    found = list(make_loader(source, 8, shuffle=True, seed=0, ranks=ranks).batches(1))
    assert all(
        torch.equal(a.inputs, b.inputs) and torch.equal(a.index, b.index) for a, b in zip(found, expected, strict=True)
    )
    assert sum(source.asked[1:]) == sum(len(batch) for batch in found)
    if limit == 1:
        assert source.asked[1:] == [len(batch) for batch in found]
    if limit == 10**9:
        assert len(source.asked[1:]) == 1


def test_nested_inputs_are_cut_together():
    batches = list(make_loader(Pairs(), 4, shuffle=True, seed=0).batches(0))
    assert [len(batch) for batch in batches] == [4, 5]
    for batch in batches:
        assert torch.equal(batch.inputs["left"], batch.index.float())
        assert torch.equal(batch.inputs["right"][1], batch.index * 3)


def test_float_images_come_in_channels_last_memory_with_the_same_values():
    images = torch.randint(0, 256, (10, 3, 4, 4), dtype=torch.uint8)
    source = TensorSource(images, torch.arange(10))
    plain = list(make_loader(source, 5, shuffle=True, seed=0).batches(0))
    turned = list(make_loader(source, 5, shuffle=True, seed=0, channels_last=True).batches(0))
    for one, other in zip(plain, turned, strict=True):
        assert other.inputs.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(one.inputs, other.inputs)


def test_a_value_that_is_no_tensor_goes_with_every_part():
    assert split_nested(("a", torch.arange(3)), [1, 2])[0][0] == "a"
