"""Tests of burnish.data.source."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.source import Source, Subset, TensorSource


def test_bytes_come_out_as_floats_in_the_unit_interval():
    source = TensorSource(torch.tensor([[0, 255], [51, 102]], dtype=torch.uint8), torch.tensor([0, 1]))
    inputs, targets = source.gather(torch.tensor([1, 0]))
    assert inputs.tolist() == [pytest.approx([0.2, 0.4]), [0.0, 1.0]]
    assert inputs.dtype == torch.float32
    assert targets.tolist() == [1, 0]


def test_without_targets_the_inputs_are_the_targets():
    inputs, targets = TensorSource(torch.tensor([[1.0], [2.0]])).gather(torch.tensor([1]))
    assert torch.equal(inputs, targets)


def test_only_class_numbers_are_labels():
    inputs = torch.zeros(3, 1)
    assert TensorSource(inputs, torch.tensor([2, 0, 1])).labels().tolist() == [2, 0, 1]
    assert TensorSource(inputs, torch.tensor([0.5, 1.0, 2.0])).labels() is None
    assert TensorSource(inputs).labels() is None


def test_lengths_that_differ_are_named():
    with pytest.raises(InputError, match=r"inputs and targets differ in length: 3 inputs .* 2 targets"):
        TensorSource(torch.zeros(3, 1), torch.zeros(2))


def test_a_subset_renumbers_samples_labels_and_descriptions():
    part = Subset(TensorSource(torch.arange(5.0), torch.arange(5) * 10), torch.tensor([4, 2]))
    assert len(part) == 2
    assert part.gather(torch.tensor([1]))[1].tolist() == [20]
    assert part.labels().tolist() == [40, 20]
    assert part.describe(0) == "sample 4"
    assert part.in_memory


def test_a_subset_moves_only_its_own_samples_to_another_device():
    part = Subset(TensorSource(torch.arange(5.0), torch.arange(5)), torch.tensor([4, 2]))
    moved = part.to(torch.device("meta"))
    assert isinstance(moved, TensorSource)
    assert moved.inputs.device.type == "meta"
    assert len(moved) == 2
    assert torch.equal(part.to(torch.device("cpu")).gather(torch.arange(2))[1], torch.tensor([4, 2]))


def test_a_source_has_no_labels_unless_it_says_so():
    class Bare(Source):
        def __len__(self):
            return 1

        def gather(self, index):
            return index, index

    bare = Bare()
    assert bare.labels() is None
    assert bare.to(torch.device("cpu")) is bare
    assert not bare.in_memory
    assert not bare.draws


class Aging(Source):
    """The epoch as every sample."""

    def __init__(self, epoch=0):
        self.epoch = epoch

    def __len__(self):
        return 4

    def for_epoch(self, epoch):
        return Aging(epoch)

    def gather(self, index):
        return torch.full((len(index),), self.epoch), index

    def originals(self, index):
        return iter(index.tolist()), index


def test_a_source_is_the_same_in_every_epoch_unless_it_says_otherwise():
    source = TensorSource(torch.zeros(2))
    assert source.for_epoch(3) is source
    part = Subset(source, torch.tensor([1]))
    assert part.for_epoch(3) is part


def test_a_subset_follows_the_epoch_of_its_source():
    part = Subset(Aging(), torch.tensor([3, 1])).for_epoch(5)
    assert part.gather(torch.tensor([0]))[0].tolist() == [5]
    assert len(part) == 2


def test_a_subset_passes_on_how_its_samples_lie_in_their_files():
    pictures, targets = Subset(Aging(), torch.tensor([3, 1])).originals(torch.tensor([1, 0]))
    assert list(pictures) == targets.tolist() == [1, 3]
    assert TensorSource(torch.zeros(2)).originals(torch.tensor([0])) is None


@pytest.mark.parametrize("workers", [0, 1])
def test_loaders_ask_for_the_samples_of_their_epoch(workers):
    from burnish.data.loaders.loader import make_loader

    loader = make_loader(Aging(), 2, shuffle=False, seed=0, workers=workers)
    assert [batch.inputs.unique().tolist() for batch in loader.batches(7)] == [[7], [7]]
