"""Tests of burnish.data.augment.random_source."""

import torch

from burnish.data.augment.mixing import Mixup
from burnish.data.augment.random_source import RandomSource
from burnish.data.source import TensorSource


class Shifted(RandomSource):
    """Adds a draw to every sample."""

    def changed(self, index, draws):
        inputs, targets = self.source.gather(index)
        return inputs + draws.uniform("shift").float(), targets


def source(operations=(), epoch=0, classes=2):
    held = TensorSource(torch.zeros(6, 1), torch.tensor([0, 1, 0, 1, 0, 1]))
    return Shifted(held, operations, 7, classes, epoch)


def test_a_sample_is_the_same_in_any_batch_and_differs_between_epochs():
    whole, _ = source().gather(torch.arange(6))
    alone, _ = source().gather(torch.tensor([4]))
    assert torch.equal(whole[4:5], alone)
    assert not torch.equal(whole, source(epoch=1).gather(torch.arange(6))[0])


def test_what_mixes_gets_two_changed_samples_and_soft_targets():
    inputs, targets = source((Mixup(alpha=1.0),)).gather(torch.arange(6))
    plain, _ = source().gather(torch.arange(6))
    assert targets.shape == (6, 2)
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(6))
    assert inputs.min() >= plain.min()
    assert inputs.max() <= plain.max()
    assert not torch.equal(inputs, plain)


def test_it_stands_for_the_source_below():
    made = source()
    assert len(made) == 6
    assert made.labels().tolist() == [0, 1, 0, 1, 0, 1]
    assert made.describe(3) == "sample 3"
    assert made.in_memory
    assert made.costly
