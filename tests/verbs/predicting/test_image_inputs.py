"""Tests of burnish.verbs.predicting.image_inputs."""

import numpy as np
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.data.images.decode import load_image
from burnish.verbs.predicting.image_inputs import image_tensor, read_images


@pytest.fixture
def files(tmp_path):
    chance = np.random.default_rng(0)
    names = []
    for number in range(7):
        names.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(chance.integers(0, 255, (10, 12, 3), dtype=np.uint8)).save(names[-1])
    return names


def test_files_come_in_order_as_training_loads_them(files):
    batches = list(read_images(files, (3, 8, 8), 3, None))
    assert [len(names) for names, _ in batches] == [3, 3, 1]
    assert [name for names, _ in batches for name in names] == files
    images = torch.cat([images for _, images in batches])
    assert torch.equal(images, torch.stack([load_image(file, (3, 8, 8)) for file in files]).float() / 255)


def test_unreadable_files_are_left_out_or_named(files, tmp_path):
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "4.png").write_bytes(b"\x89PNG")
    skipped = []
    batches = list(read_images(files, (1, 8, 8), 1, skipped))
    assert [name for names, _ in batches for name in names] == [files[i] for i in (1, 2, 3, 5, 6)]
    assert skipped == [files[0], files[4]]
    with pytest.raises(InputError, match=r"cannot read image .*0\.png"):
        list(read_images(files, (1, 8, 8), 4, None))


def test_where_nothing_can_be_read_there_is_nothing_to_predict(tmp_path):
    (tmp_path / "0.png").write_bytes(b"no")
    with pytest.raises(InputError, match=r"none of the 1 files can be read as an image: check them, .*0\.png for one"):
        list(read_images([str(tmp_path / "0.png")], (1, 8, 8), 4, []))


@pytest.mark.parametrize(
    ("shape", "channels"),
    [
        *[((6, 5), 1), ((1, 6, 5), 1), ((6, 5, 1), 1), ((4, 6, 5), 1), ((4, 1, 6, 5), 1), ((4, 6, 5, 1), 1)],
        *[((3, 6, 5), 3), ((6, 5, 3), 3), ((4, 3, 6, 5), 3), ((4, 6, 5, 3), 3)],
    ],
)
def test_every_usual_arrangement_is_understood(shape, channels):
    array = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    images = image_tensor(array, (channels, 6, 5))
    assert images.shape == (4 if shape[0] == 4 else 1, channels, 6, 5)
    has_channels_last = shape[-1] == channels and shape[-3:-1] == (6, 5)
    pixel = (
        array.reshape(-1, 6, 5, channels)[0, 2, 3]
        if has_channels_last
        else array.reshape(-1, channels, 6, 5)[0, :, 2, 3]
    )
    assert images[0, :, 2, 3].tolist() == pixel.tolist()


def test_a_list_of_images_is_a_batch():
    images = [torch.rand(1, 4, 4) for _ in range(3)]
    assert torch.equal(image_tensor(images, (1, 4, 4)), torch.stack(images))
    with pytest.raises(InputError, match="the images of a list differ in shape or type"):
        image_tensor([*images, torch.rand(4, 4)], (1, 4, 4))


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (torch.rand(3, 5, 4), r"the images have shape \(3, 5, 4\): the run takes \(3, 4, 4\), \(batch, 3, 4, 4\)"),
        (torch.rand(4, 4), r"the images have shape \(4, 4\)"),
        (torch.full((3, 4, 4), -0.5), r"the images have values from -0.5 to -0.5: pixels must lie in \[0, 1\]"),
        (torch.full((3, 4, 4), float("nan")), r"the images have values from nan to nan"),
        (torch.ones(3, 4, 4, dtype=torch.int32), "the images are of torch.int32: expected uint8, or floats"),
        (torch.ones(0, 3, 4, 4), r"there are no images in an array of shape \(0, 3, 4, 4\)"),
        ({"a": 1}, "the images are dict of object: expected a tensor or array of numbers"),
    ],
)
def test_what_is_no_image_of_the_run_is_named(value, line):
    with pytest.raises(InputError, match=line):
        image_tensor(value, (3, 4, 4))
