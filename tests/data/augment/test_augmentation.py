"""Tests of burnish.data.augment.augmentation."""

import math

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment import affine
from burnish.data.augment.augmentation import Augmentation, recolour_
from burnish.data.augment.colour import Brightness, Contrast, Hue, PcaShift, Saturation
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import (
    HorizontalFlip,
    RandomCrop,
    Rescale,
    ResizedCrop,
    Rotate,
    Shear,
    Stretch,
    Translate,
    VerticalFlip,
)
from burnish.data.augment.pca import colour_components
from burnish.data.augment.pixels import Blur, Cutout, GaussianNoise, SaltAndPepper
from burnish.data.source import TensorSource

EVERYTHING = Augmentation(
    (
        HorizontalFlip(),
        Rotate(probability=0.5),
        Translate(),
        Rescale(),
        Shear(),
        Stretch(),
        Brightness(),
        Contrast(),
        Saturation(),
        Hue(),
        GaussianNoise(probability=0.5),
        SaltAndPepper(),
        Blur(probability=0.5),
        Cutout(),
    )
)


def draws(count, start=0, seed=0, epoch=0):
    return Draws(seed, epoch, torch.arange(start, start + count))


def photos(count, height=24, width=24, channels=3):
    """Smooth bytes, where interpolation has little to get wrong."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, channels, 6, 6, generator=generator) * 0.8 + 0.1
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return (fine * 255).round().byte()


def as_files(images):
    return [np.ascontiguousarray(image.permute(1, 2, 0).numpy()) for image in images]


def test_nothing_to_do_gives_the_same_pixels_in_memory_of_their_own():
    images = photos(3).float() / 255
    found, maps = Augmentation().batch(images, draws(3))
    assert torch.equal(found, images)
    assert found.data_ptr() != images.data_ptr()
    assert torch.equal(maps, affine.identity(3))
    assert not Augmentation()


def test_images_given_are_never_changed():
    images = photos(4).float() / 255
    before = images.clone()
    EVERYTHING.batch(images, draws(4))
    Augmentation((Cutout(), Brightness())).batch(images, draws(4))
    assert torch.equal(images, before)


def test_bytes_and_floats_give_the_same():
    images = photos(5)
    assert torch.equal(EVERYTHING.batch(images, draws(5))[0], EVERYTHING.batch(images.float().div(255), draws(5))[0])


@pytest.mark.parametrize("path", ["batch", "pictures"])
@pytest.mark.parametrize("flip", [HorizontalFlip(probability=1), VerticalFlip(probability=1)])
def test_a_flip_is_exact_and_its_own_inverse(path, flip):
    images = torch.randint(256, (3, 3, 8, 11), dtype=torch.uint8)
    augmentation = Augmentation((flip,))

    def once(given):
        if path == "batch":
            return augmentation.batch(given, draws(3))[0]
        return augmentation.pictures(as_files(given), draws(3), (8, 11))[0]

    found = once(images)
    assert torch.equal(found, images.flip(3 if flip.name == "horizontal-flip" else 2).float() / 255)
    assert torch.equal(once((found * 255).round().byte()), images.float() / 255)


@pytest.mark.parametrize("path", ["batch", "pictures"])
def test_four_quarter_turns_are_exact_and_the_identity(path):
    images = torch.randint(256, (2, 3, 9, 9), dtype=torch.uint8)
    quarter = Augmentation((Rotate(degrees=(90, 90)),))
    found = images
    for turn in range(1, 5):
        if path == "batch":
            made = quarter.batch(found, draws(2))[0]
        else:
            made = quarter.pictures(as_files(found), draws(2), (9, 9))[0]
        assert torch.equal(made, images.rot90(turn, (2, 3)).float() / 255)
        found = (made * 255).round().byte()


@pytest.mark.parametrize("path", ["batch", "pictures"])
def test_a_bright_dot_goes_where_its_point_goes(path):
    geometry = Augmentation((Rotate(), Shear(), Stretch(), Rescale(factor=(0.8, 1.2)), HorizontalFlip()))
    rows, columns = torch.meshgrid(torch.arange(48) + 0.5, torch.arange(48) + 0.5, indexing="ij")
    dot = (torch.exp(-((columns - 28) ** 2 + (rows - 22) ** 2) / 8) * 255).byte().expand(40, 1, 48, 48)
    if path == "batch":
        found, maps = geometry.batch(dot, draws(40))
    else:
        found, maps = geometry.pictures(as_files(dot), draws(40), (48, 48))
    expected = affine.move_points(maps, torch.tensor([28.0, 22.0]).expand(40, 1, 2))[:, 0]
    mass = found[:, 0].sum(dim=(1, 2))
    centre = torch.stack([(found[:, 0] * axis).sum(dim=(1, 2)) / mass for axis in (columns, rows)], dim=1)
    assert (centre - expected).abs().max() < 0.25


def test_batches_and_files_agree_within_interpolation_noise():
    images = photos(16, 40, 40)
    in_memory, maps = EVERYTHING.batch(images, draws(16))
    from_files, same = EVERYTHING.pictures(as_files(images), draws(16), (40, 40))
    assert torch.equal(maps, same)
    away = (in_memory - from_files).abs()
    assert away.mean() < 1 / 255
    assert (away > 6 / 255).double().mean() < 1e-3


def test_files_of_any_size_come_onto_one_canvas():
    files = [as_files(photos(1, height, width))[0] for height, width in ((30, 50), (20, 20), (100, 33))]
    found, maps = Augmentation((ResizedCrop(),)).pictures(files, draws(3), (16, 24))
    assert found.shape == (3, 3, 16, 24)
    assert found.dtype == torch.float32
    assert maps.shape == (3, 3, 3)


@pytest.mark.parametrize("path", ["batch", "pictures"])
def test_a_sample_looks_the_same_in_any_batch(path):
    images = photos(12, 30, 30)

    def changed(start, stop):
        part = images[start:stop]
        if path == "batch":
            return EVERYTHING.batch(part, draws(stop - start, start))[0]
        return EVERYTHING.pictures(as_files(part), draws(stop - start, start), (30, 30))[0]

    whole = changed(0, 12)
    for start, stop in ((0, 1), (3, 8), (5, 12)):
        assert torch.equal(changed(start, stop), whole[start:stop])


def test_threads_do_not_change_a_bit():
    images = photos(6, 65, 63)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = EVERYTHING.batch(images, draws(6))[0]
        torch.set_num_threads(2)
        assert torch.equal(EVERYTHING.batch(images, draws(6))[0], alone)
        assert torch.equal(EVERYTHING.batch(images[2:3], draws(1, 2))[0], alone[2:3])
    finally:
        torch.set_num_threads(before)


def test_seed_and_epoch_decide_the_pixels():
    images = photos(4)
    found = EVERYTHING.batch(images, draws(4))[0]
    assert torch.equal(EVERYTHING.batch(images, draws(4))[0], found)
    assert not torch.equal(EVERYTHING.batch(images, draws(4, seed=1))[0], found)
    assert not torch.equal(EVERYTHING.batch(images, draws(4, epoch=1))[0], found)


def test_operations_happen_with_their_probability_and_independently():
    augmentation = Augmentation((HorizontalFlip(probability=0.3), VerticalFlip(probability=0.5)))
    given = torch.full((5000, 2), 8.0).double()
    maps = augmentation.maps(draws(5000), given, (8, 8))
    across, down = (maps[:, 0, 0] < 0).double(), (maps[:, 1, 1] < 0).double()
    assert abs(across.mean().item() - 0.3) < 4 * math.sqrt(0.21 / 5000)  # 4 standard errors
    assert abs(down.mean().item() - 0.5) < 4 * math.sqrt(0.25 / 5000)
    assert torch.corrcoef(torch.stack([across, down]))[0, 1].abs() < 4 / math.sqrt(5000)


def test_geometry_happens_in_the_given_order():
    shift, turn = Translate(), Rotate(degrees=(90, 90))
    given = torch.full((1, 2), 8.0).double()
    first, second = (Augmentation(pair).maps(draws(1), given, (8, 8)) for pair in ((shift, turn), (turn, shift)))
    shifted = shift.maps(draws(1), "0.translate", given, (8, 8))
    turned = turn.maps(draws(1), "x", given, (8, 8))
    assert torch.allclose(first, turned @ shifted)
    assert torch.allclose(second, shift.maps(draws(1), "1.translate", given, (8, 8)) @ turned)


@pytest.mark.parametrize("path", ["batch", "pictures"])
def test_colour_is_cut_off_once_at_the_end(path):
    images = torch.full((200, 3, 4, 4), 204, dtype=torch.uint8)
    both = Augmentation((Brightness(amount=0.9), Brightness(amount=0.9)))
    if path == "batch":
        found = both.batch(images, draws(200))[0]
    else:
        found = both.pictures(as_files(images), draws(200), (4, 4))[0]
    one, two = (draws(200).between(f"{slot}.brightness", 0.1, 1.9) for slot in (0, 1))
    assert torch.allclose(found[:, 0, 0, 0].double(), (0.8 * one * two).clamp(0, 1), atol=1e-6)
    assert ((0.8 * one > 1) & (0.8 * one * two < 1)).any()  # here a cut in between would show


def test_pixels_end_between_0_and_1():
    found = Augmentation((Brightness(amount=1.0), GaussianNoise(std=(0.5, 0.5)))).batch(photos(8), draws(8))[0]
    assert found.min() == 0
    assert found.max() == 1


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_channels_are_mixed_as_the_matrix_says(channels):
    images, mixing = torch.rand(5, channels, 7, 6), torch.randn(5, channels, channels + 1).double()
    expected = torch.einsum("bij,bjhw->bihw", mixing[:, :, :-1], images.double()) + mixing[:, :, -1, None, None]
    found = recolour_(images, mixing)
    assert found is images
    assert torch.allclose(found.double(), expected, atol=1e-5)


def test_preparing_fills_in_the_colours_of_the_training_set():
    source = TensorSource(photos(30))
    augmentation = Augmentation((HorizontalFlip(), PcaShift()))
    prepared = augmentation.prepared(source)
    assert prepared.operations[1].components == colour_components(source)
    assert augmentation.operations[1].components is None
    assert prepared.prepared(TensorSource(photos(5))) == prepared
    assert prepared.batch(photos(2), draws(2))[0].shape == (2, 3, 24, 24)


def test_colour_for_grey_images_is_refused():
    with pytest.raises(InputError, match="hue changes colours, and these images have 1 channels: leave it out"):
        Augmentation((Hue(),)).prepared(TensorSource(photos(3, channels=1)))


def test_rows_of_a_table_are_refused():
    with pytest.raises(InputError, match=r"changes images \(C, H, W\), and these samples have the shape \(4,\)"):
        Augmentation((HorizontalFlip(),)).prepared(TensorSource(torch.rand(3, 4)))


def test_framing_comes_first_and_once():
    with pytest.raises(InputError, match="random-crop says how the image comes onto the canvas, so it must come"):
        Augmentation((HorizontalFlip(), RandomCrop()))
    with pytest.raises(InputError, match="resized-crop says how"):
        Augmentation((RandomCrop(), ResizedCrop()))
    Augmentation((Brightness(), RandomCrop(), HorizontalFlip()))  # colour is no geometry


def test_its_plain_form_names_what_lies_outside_where_that_is_not_black():
    assert Augmentation((VerticalFlip(),)).to_list() == [{"name": "vertical-flip", "probability": 0.5}]
    assert Augmentation((VerticalFlip(),), "edge").to_list()[0] == {"name": "fill", "outside": "edge"}


@pytest.mark.gpu
def test_a_gpu_gives_the_pixels_of_the_cpu():
    images = photos(8).float() / 255
    found, maps = EVERYTHING.batch(images.cuda(), draws(8))
    expected, same = EVERYTHING.batch(images, draws(8))
    assert found.is_cuda
    assert torch.equal(maps, same)
    away = (found.cpu() - expected).abs()
    assert (away > 1e-3).double().mean() < 1e-3  # a pixel on the edge of a threshold may fall to either side
