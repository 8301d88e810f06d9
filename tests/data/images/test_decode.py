"""Tests of burnish.data.images.decode."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from burnish.common.errors import InputError
from burnish.data.images.decode import load_image, probe, read_image, resize, verify


@pytest.fixture
def picture():
    noise = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((45, 30), Image.Resampling.BICUBIC)


def saved(image, path, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tiff"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_format_gives_the_pixels_that_pillow_gives(tmp_path, picture, suffix, mode):
    if mode in ("P", "1") and suffix in ("jpg", "webp"):
        pytest.skip("the format has no such mode")
    path = saved(picture.convert(mode), tmp_path / f"a.{suffix}")
    with Image.open(path) as image:
        expected = np.array(image.convert("L" if image.mode in ("L", "1") else "RGB"))
    assert np.array_equal(read_image(path).squeeze(), expected)


def test_grey_files_keep_one_channel_and_colour_files_three(tmp_path, picture):
    grey, colour = saved(picture.convert("L"), tmp_path / "g.jpg"), saved(picture, tmp_path / "c.jpg")
    assert read_image(grey).shape == (30, 45, 1)
    assert read_image(colour).shape == (30, 45, 3)
    assert probe(grey) == (30, 45, 1)
    assert probe(colour) == (30, 45, 3)


def test_channels_are_converted_when_asked_for(tmp_path, picture):
    grey, colour = saved(picture.convert("L"), tmp_path / "g.png"), saved(picture, tmp_path / "c.png")
    assert np.array_equal(read_image(grey, 3), np.repeat(read_image(grey), 3, axis=2))
    assert np.abs(read_image(colour, 1)[..., 0].astype(int) - np.array(picture.convert("L"))).max() <= 1


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright_whatever_their_exif_orientation(tmp_path, picture, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(picture, tmp_path / f"a.{suffix}", exif=exif)
    with Image.open(path) as image:
        expected = np.array(ImageOps.exif_transpose(image))
    assert np.array_equal(read_image(path), expected)
    assert probe(path)[:2] == expected.shape[:2]


@pytest.mark.parametrize(("mode", "suffix"), [("RGBA", "png"), ("RGBA", "webp"), ("LA", "png"), ("RGBA", "tiff")])
def test_transparency_drops_onto_white(tmp_path, mode, suffix):
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert(mode)
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128)).convert(mode)
    assert (read_image(saved(clear, tmp_path / f"clear.{suffix}", lossless=True)) == 255).all()
    assert (read_image(saved(half, tmp_path / f"half.{suffix}", lossless=True)) == 127).all()


@pytest.mark.parametrize(("mode", "clear"), [("P", 0), ("L", 0), ("RGB", (0, 0, 0))])
def test_a_transparent_colour_drops_onto_white(tmp_path, mode, clear):
    path = saved(Image.new(mode, (4, 4)), tmp_path / "a.png", transparency=clear)
    assert (read_image(path) == 255).all()


def test_cmyk_becomes_rgb(tmp_path, picture):
    path = saved(picture.convert("CMYK"), tmp_path / "a.jpg", quality=100, subsampling=0)
    with Image.open(path) as image:
        assert image.mode == "CMYK"
        assert np.array_equal(read_image(path), np.array(image.convert("RGB")))
    assert np.abs(read_image(path).astype(int) - np.array(picture)).mean() < 5


def test_sixteen_bits_become_the_upper_eight(tmp_path):
    values = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    path = saved(Image.fromarray(values), tmp_path / "a.png")
    assert np.array_equal(read_image(path)[..., 0], np.arange(256).reshape(16, 16))
    assert probe(path)[2] == 1


@pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tiff"])
@pytest.mark.parametrize("share", [0.95, 0.5, 0.02, 0.0])
def test_a_truncated_file_is_named_in_one_line(tmp_path, picture, suffix, share, capfd):
    path = saved(picture, tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    for read in (read_image, verify):
        with pytest.raises(InputError, match=r"cannot read image .*a\.\w+: .+; --skip-unreadable leaves") as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_large_truncated_jpeg_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / "a.jpg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="truncated"):
        read_image(path)


def test_bytes_after_the_end_of_a_jpeg_are_ignored(tmp_path, picture):
    path = saved(picture, tmp_path / "a.jpg")
    expected = read_image(path)
    path.write_bytes(path.read_bytes() + b"tail" * 100)
    verify(path)
    assert np.array_equal(read_image(path), expected)


def test_what_is_no_image_is_said(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("hello")
    for read in (read_image, probe, verify):
        with pytest.raises(InputError, match=r"a\.jpg: it is not an image; --skip-unreadable"):
            read(path)
    with pytest.raises(InputError, match=r"b\.jpg: no such file or directory"):
        read_image(tmp_path / "b.jpg")


def test_resize_keeps_the_centre_of_the_picture():
    image = np.zeros((20, 60, 1), np.uint8)
    image[:, 20:40] = 200
    assert (resize(image, 20) == 200).all()
    assert (resize(image, 10) == 200).all()
    assert (resize(image, 40) == 200).all()
    assert (resize(image.transpose(1, 0, 2), 10) == 200).all()


def test_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    expected = image.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(image, 4) - expected).max() <= 0.5


@pytest.mark.parametrize("size", [5, (3, 7), (7, 3), (64, 16)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (9, 4, 3), (30, 200, 1), (7, 7, 3)])
def test_resize_gives_the_size_that_was_asked_for(size, shape):
    height, width = (size, size) if isinstance(size, int) else size
    assert resize(np.zeros(shape, np.uint8), size).shape == (height, width, shape[2])


def test_an_image_loads_in_the_shape_of_the_model(tmp_path, picture):
    path = saved(picture, tmp_path / "a.png")
    loaded = load_image(path, (1, 8, 12))
    assert loaded.shape == (1, 8, 12)
    assert loaded.dtype == torch.uint8
    assert loaded.is_contiguous()
    assert torch.equal(load_image(path, (3, 30, 45)), torch.from_numpy(np.array(picture)).permute(2, 0, 1))


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    path = tmp_path / "a.gif"
    path.write_bytes(buffer.getvalue())
    assert (read_image(path) == 10).all()
