"""Tests of burnish.data.images.folder."""

import numpy as np
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.data.images.decode import load_image
from burnish.data.images.folder import load_image_folder
from burnish.data.options import DataOptions


def fill(root, count=10, size=(12, 12), mode="RGB", classes=("cat", "dog")):
    """A folder of noise images: ``count`` a class, the file's number in the upper left pixel."""
    rng = np.random.default_rng(0)
    for name in classes:
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noise = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
            noise.convert(mode).save(root / name / f"{number:02}.png")
    return root


@pytest.mark.parametrize("cache_mb", [1024, 0])
def test_samples_are_the_pixels_and_classes_of_the_files(tmp_path, cache_mb):
    data = load_image_folder(fill(tmp_path), DataOptions(cache_mb=cache_mb), seed=0)
    assert data.schema.input_shape == (3, 12, 12)
    assert data.schema.classes == ("cat", "dog")
    for split in (data.train, data.validation, data.test):
        index = torch.arange(len(split))
        images, labels = split.gather(index)
        assert torch.equal(labels, split.labels())
        for number in index.tolist():
            path = split.describe(number)
            assert data.schema.classes[labels[number]] in path
            assert torch.equal(images[number], load_image(path, (3, 12, 12)) / 255)


def test_cached_and_lazy_are_the_same_data(tmp_path):
    fill(tmp_path, size=(20, 14))
    cached, lazy = (load_image_folder(tmp_path, DataOptions(cache_mb=mb), seed=3) for mb in (1024, 0))
    assert cached.train.in_memory
    assert not lazy.train.in_memory
    for name in ("train", "validation", "test"):
        ours, theirs = (data.split(name).gather(torch.arange(len(data.split(name)))) for data in (cached, lazy))
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    assert any("more than cache_mb=0: files are read while training" in note for note in lazy.notes)
    assert not any("cache_mb" in note for note in cached.notes)


def test_the_cache_limit_is_in_megabytes_of_decoded_pixels(tmp_path):
    fill(tmp_path, count=2, size=(512, 512))  # 4 * 3 * 512 * 512 bytes = 3 MB
    size = {"input_size": 512}
    assert load_image_folder(tmp_path, DataOptions(cache_mb=3, **size), 0).train.in_memory
    assert not load_image_folder(tmp_path, DataOptions(cache_mb=2, **size), 0).train.in_memory


def test_splits_of_the_folder_are_kept_and_missing_ones_cut_from_train(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test", count=3)
    data = load_image_folder(tmp_path, DataOptions(validation=0.2), seed=0)
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 6)
    assert all("/test/" in data.test.describe(number) for number in range(6))
    assert all("/train/" in data.validation.describe(number) for number in range(4))
    assert not {data.train.describe(n) for n in range(16)} & {data.validation.describe(n) for n in range(4)}


def test_grey_folders_have_one_channel_and_one_colour_image_makes_three(tmp_path):
    grey = load_image_folder(fill(tmp_path / "grey", mode="L"), DataOptions(), 0)
    assert grey.schema.input_shape == (1, 12, 12)
    assert "images are read as grey (1 channel)" in grey.notes
    fill(tmp_path / "mixed", mode="L")
    Image.new("RGB", (12, 12), "red").save(tmp_path / "mixed" / "cat" / "red.png")
    mixed = load_image_folder(tmp_path / "mixed", DataOptions(), 0)
    assert mixed.schema.input_shape == (3, 12, 12)
    assert "images are read as colour (3 channels)" in mixed.notes


@pytest.mark.parametrize(
    ("size", "expected", "note"),
    [
        ((28, 28), 28, None),
        ((50, 30), 30, "images of 50x30 pixels are scaled and cropped to 30x30"),
        ((300, 260), 224, "images of 300x260 pixels are scaled and cropped to 224x224"),
    ],
)
def test_a_common_size_decides_the_input_size(tmp_path, size, expected, note):
    data = load_image_folder(fill(tmp_path, count=2, size=size), DataOptions(), 0)
    assert data.schema.input_shape == (3, expected, expected)
    assert any(n.startswith(note) for n in data.notes) if note else not any("scaled" in n for n in data.notes)


def test_mixed_sizes_take_the_median_shorter_side_in_steps_of_eight(tmp_path):
    for number, size in enumerate([(20, 90), (37, 50), (200, 100)]):
        fill(tmp_path, count=1, size=size, classes=(f"c{number}",))
    data = load_image_folder(tmp_path, DataOptions(), 0)
    assert data.schema.input_shape == (3, 40, 40)
    assert "images of several sizes are scaled and cropped to 40x40; input_size= changes it" in data.notes


def test_input_size_overrides(tmp_path):
    assert load_image_folder(fill(tmp_path), DataOptions(input_size=9), 0).schema.input_shape == (3, 9, 9)
    with pytest.raises(InputError, match="input_size must be at least 1 pixel, got 0"):
        load_image_folder(tmp_path, DataOptions(input_size=0), 0)


def spoil(path):
    path.write_bytes(path.read_bytes()[:-30])


def test_an_unreadable_file_stops_the_load_and_is_named(tmp_path):
    fill(tmp_path, count=50)
    spoil(tmp_path / "dog" / "33.png")
    with pytest.raises(InputError, match=r"cannot read image .*/dog/33\.png: .*; --skip-unreadable leaves"):
        load_image_folder(tmp_path, DataOptions(), 0)


def test_an_unreadable_file_of_a_lazy_folder_is_named_when_it_is_read(tmp_path):
    fill(tmp_path)
    spoil(tmp_path / "dog" / "03.png")
    data = load_image_folder(tmp_path, DataOptions(cache_mb=0, validation=0.0, test=0.0), 0)
    with pytest.raises(InputError, match=r"cannot read image .*/dog/03\.png"):
        data.train.gather(torch.arange(len(data.train)))


@pytest.mark.parametrize("cache_mb", [1024, 0])
def test_unreadable_files_are_left_out_when_asked_and_counted(tmp_path, cache_mb):
    fill(tmp_path, count=40)
    for name in ("cat/00", "dog/03", "dog/39"):
        spoil(tmp_path / f"{name}.png")
    options = DataOptions(cache_mb=cache_mb, skip_unreadable=True, validation=0.0, test=0.0)
    data = load_image_folder(tmp_path, options, 0)
    assert len(data.train) == 77
    assert any(note.startswith("skipped 3 unreadable of 80 images: ") and "cat/00.png" in note for note in data.notes)
    images, labels = data.train.gather(torch.arange(77))
    assert labels.tolist() == [0] * 39 + [1] * 38
    assert data.train.describe(39).endswith("dog/00.png")
    assert torch.equal(images[39], load_image(data.train.describe(39), (3, 12, 12)) / 255)


def test_a_class_without_a_readable_image_is_named(tmp_path):
    fill(tmp_path, count=2)
    for number in range(2):
        spoil(tmp_path / "dog" / f"{number:02}.png")
    with pytest.raises(InputError, match=r"no image of class 'dog' in .* can be read: check the files, or remove"):
        load_image_folder(tmp_path, DataOptions(skip_unreadable=True), 0)


def test_the_origin_loads_the_same_data_again(tmp_path, monkeypatch):
    fill(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    first = load_image_folder(Path("photos"), DataOptions(), 0)
    again = load_image_folder(Path(first.origin), DataOptions(), 0)
    assert first.name == again.name == "photos"
    assert Path(first.origin).is_absolute()
    assert torch.equal(first.train.gather(torch.arange(14))[0], again.train.gather(torch.arange(14))[0])
