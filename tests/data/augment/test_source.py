"""Tests of burnish.data.augment.source."""

import threading

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment import source as source_module
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import Brightness, Contrast
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip, RandomCrop, ResizedCrop, Rotate
from burnish.data.augment.mixing import CutMix, Mixing, Mixup
from burnish.data.augment.pixels import Cutout, GaussianNoise
from burnish.data.augment.source import AugmentedSource
from burnish.data.images.file_list import FileList
from burnish.data.images.source import ImageFolderSource
from burnish.data.loaders.loader import make_loader
from burnish.data.source import Source, Subset, TensorSource

MANY = Augmentation(
    (
        *(RandomCrop(padding=2), HorizontalFlip(), Rotate(degrees=(-30, 30))),
        *(Brightness(), Contrast(), GaussianNoise(probability=0.5), Cutout()),
    )
)
MIRROR = Augmentation((HorizontalFlip(probability=1.0),))


def images(count=23, side=12):
    pixels = torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(0))
    return TensorSource(pixels.to(torch.uint8), torch.arange(count) % 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photos of several sizes, and the source that reads them."""
    from PIL import Image

    place = tmp_path_factory.mktemp("photos")
    chance = np.random.default_rng(0)
    for number in range(13):
        rough = chance.integers(0, 256, (5, 6, 3), dtype=np.uint8)
        Image.fromarray(rough).resize((40 + number, 30), Image.Resampling.BICUBIC).save(place / f"{number:02}.png")
    files = FileList(place, [f"{number:02}.png" for number in range(13)])
    return ImageFolderSource(files, torch.arange(13), (3, 16, 16))


def by_number(loader, epoch=0, start=0):
    return {int(n): x for batch in loader.batches(epoch, start) for n, x in zip(batch.index, batch.inputs, strict=True)}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[number], other[number]) for number in one)


def augmented(source, augmentation=MANY, **options):
    return AugmentedSource(source, augmentation, 0, **options)


def test_a_sample_depends_on_seed_epoch_and_number_alone():
    whole = by_number(make_loader(augmented(images()), 8, shuffle=True, seed=5), 3)
    alone = augmented(images()).for_epoch(3)
    assert all(torch.equal(alone.gather(torch.tensor([n]))[0][0], whole[n]) for n in (0, 7, 22))
    assert not same(by_number(make_loader(augmented(images()), 8, shuffle=True, seed=5), 4), whole)
    other = AugmentedSource(images(), MANY, 1)
    assert not torch.equal(other.for_epoch(3).gather(torch.tensor([7]))[0][0], whole[7])


@pytest.mark.parametrize("batch_size", [1, 4, 23])
@pytest.mark.parametrize("ranks", [1, 2])
def test_batches_and_ranks_change_no_pixel_in_memory(batch_size, ranks):
    if batch_size < ranks:
        return
    expected = by_number(make_loader(augmented(images()), 8, shuffle=True, seed=0), 1)
    found = {}
    for rank in range(ranks):
        part = by_number(make_loader(augmented(images()), batch_size, shuffle=True, seed=0, rank=rank, ranks=ranks), 1)
        assert not found.keys() & part.keys()
        found |= part
    assert same(found, expected)
    assert sorted(found) == list(range(23))


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
@pytest.mark.parametrize("ranks", [1, 2])
def test_workers_and_ranks_change_no_pixel_of_files(folder, workers, ranks):
    source = augmented(folder, canvas=(16, 16))
    expected = {n: source.for_epoch(2).gather(torch.tensor([n]))[0][0] for n in range(13)}
    found = {}
    for rank in range(ranks):
        loader = make_loader(source, 4, shuffle=True, seed=0, workers=workers, rank=rank, ranks=ranks)
        part = by_number(loader, 2)
        assert not found.keys() & part.keys()
        found |= part
    assert same(found, expected)


def test_an_epoch_that_starts_halfway_has_the_same_pixels():
    loader = make_loader(augmented(images()), 4, shuffle=True, seed=0)
    whole, rest = by_number(loader, 1), by_number(loader, 1, start=3)
    assert len(rest) == 23 - 12
    assert same(rest, {number: whole[number] for number in rest})


def test_files_are_moved_from_their_own_size_in_one_step(folder):
    index = torch.tensor([4, 9])
    originals, targets = folder.originals(index)
    expected, _ = MANY.pictures(list(originals), Draws(0, 0, index), (16, 16))
    found, labels = augmented(folder, canvas=(16, 16)).gather(index)
    assert torch.equal(found, expected)
    assert torch.equal(labels, targets)
    crop = Augmentation((ResizedCrop(area=(0.1, 0.1)),))
    cropped, _ = crop.batch(folder.gather(index)[0], Draws(0, 0, index))
    assert not torch.equal(augmented(folder, crop, canvas=(16, 16)).gather(index)[0], cropped)


def test_few_decoded_files_are_held_at_a_time(folder, monkeypatch):
    index = torch.arange(13)
    expected = augmented(folder, canvas=(16, 16)).gather(index)[0]
    sizes = []
    original = Augmentation.pictures

    def watched(self, pictures, *rest):
        sizes.append(len(pictures))
        return original(self, pictures, *rest)

    monkeypatch.setattr(Augmentation, "pictures", watched)
    monkeypatch.setattr(source_module, "_DECODED_BYTES", 3 * 40 * 30 * 3)
    found = augmented(folder, canvas=(16, 16)).gather(index)[0]
    assert torch.equal(found, expected)
    assert sum(sizes) == 13
    assert max(sizes) <= 3


def test_what_learns_without_labels_is_shown_what_it_should_make():
    inputs, targets = augmented(TensorSource(images().inputs)).gather(torch.arange(4))
    assert inputs is targets


def test_the_numbers_are_those_of_the_split():
    part = Subset(images(), torch.tensor([20, 3]))
    found = augmented(part).gather(torch.tensor([1]))[0]
    assert torch.equal(found, MANY.batch(images().gather(torch.tensor([3]))[0], Draws(0, 0, torch.tensor([1])))[0])


def test_the_source_behind_it_follows_the_epoch():
    class Aging(Source):
        in_memory = True

        def __init__(self, epoch=0):
            self.epoch = epoch

        def __len__(self):
            return 3

        def for_epoch(self, epoch):
            return Aging(epoch)

        def gather(self, index):
            return torch.full((len(index), 1, 2, 2), float(self.epoch)) / 10, index

    assert augmented(Aging(), MIRROR).for_epoch(4).gather(torch.tensor([0]))[0].unique().item() == pytest.approx(0.4)


def test_boxes_follow_their_images():
    class Boxed(TensorSource):
        def gather(self, index):
            pixels, _ = super().gather(index)
            return pixels, {"box": torch.tensor([[[1.0, 2.0, 5.0, 6.0]]]).expand(len(index), 1, 4)}

    source = augmented(Boxed(images().inputs), MIRROR, kinds={"box": "boxes"})
    assert source.gather(torch.tensor([0, 1]))[1]["box"].tolist() == [[[7.0, 2.0, 11.0, 6.0]]] * 2


def test_targets_that_cannot_be_moved_are_refused_at_once():
    with pytest.raises(InputError, match="kind of the target outline,"):
        augmented(images(), MIRROR, kinds={"outline": "polygon"})


def test_labels_and_descriptions_are_those_behind():
    source = augmented(images())
    assert torch.equal(source.labels(), images().targets)
    assert source.describe(3) == "sample 3"
    assert source.in_memory
    assert source.costly


@pytest.mark.parametrize("mixer", [Mixup(alpha=1.0), CutMix()])
def test_a_partner_is_an_augmented_sample_of_the_split_whatever_the_batch(mixer):
    source = AugmentedSource(images(), Augmentation((*MANY.operations, mixer)), 0, classes=3)
    whole = by_number(make_loader(source, 8, shuffle=True, seed=0), 2)
    alone, targets = source.for_epoch(2).gather(torch.tensor([11]))
    assert torch.equal(alone[0], whole[11])
    assert targets.shape == (1, 3)
    draws = Draws(0, 2, torch.tensor([11]))
    partner = Mixing((mixer,)).partners(draws, 23)
    labels = images().targets
    assert targets.nonzero()[:, 1].tolist() == sorted({int(labels[11]), int(labels[partner])})
    plain = AugmentedSource(images(), MANY, 0).for_epoch(2)
    own, theirs = (plain.gather(torch.tensor([int(n)]))[0] for n in (11, partner))
    between = (alone >= torch.minimum(own, theirs) - 1e-6) & (alone <= torch.maximum(own, theirs) + 1e-6)
    assert bool(between.all())


def test_augmentation_in_memory_runs_beside_training():
    seen = []

    class Watched(TensorSource):
        def gather(self, index):
            seen.append(threading.current_thread().name)
            return super().gather(index)

        def to(self, device):
            return self

    pixels = images()
    list(make_loader(augmented(Watched(pixels.inputs, pixels.targets)), 4, shuffle=True, seed=0).batches(0))
    assert seen[0] == "MainThread"  # the first look, for the size of a sample
    assert set(seen[1:]) == {"burnish-ahead"}
