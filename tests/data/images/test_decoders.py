"""Tests of burnish.data.images.decoders: two decoders that must agree wherever both may be asked."""

import io

import numpy as np
import pytest
from PIL import Image

from burnish.data.images import decoders


def stored(image, kind, **options):
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


@pytest.fixture
def colours():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 9, 3), dtype=np.uint8))


def refuse(_data):
    raise AssertionError("the slow decoder was asked")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_plain_files_take_the_fast_decoder_and_give_what_the_slow_one_gives(colours, kind, mode, monkeypatch):
    data = stored(colours.convert(mode), kind)
    slow = decoders._by_pillow(data)
    monkeypatch.setattr(decoders, "_by_pillow", refuse)
    fast = decoders.decode(data)
    assert fast.shape == slow.shape == (12, 9, 3 if mode == "RGB" else 1)
    # PNG is exact; two JPEG decoders may round a little differently.
    assert np.abs(fast.astype(int) - slow).max() <= (0 if kind == "PNG" else 4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK"])
def test_everything_else_takes_the_slow_decoder(colours, mode, monkeypatch):
    source = colours.convert("L").convert(mode) if mode == "LA" else colours.convert(mode)
    data = stored(source, "JPEG" if mode == "CMYK" else "PNG")
    monkeypatch.setattr(decoders, "_by_pillow", lambda _data: "slow")
    assert decoders.decode(data) == "slow"


def test_a_jpeg_without_its_end_is_not_filled_up_with_grey(colours):
    data = stored(colours.resize((64, 64)), "JPEG")
    with pytest.raises(OSError, match="truncated"):
        decoders.decode(data[: len(data) // 2])


def test_transparent_pixels_are_white():
    pixels = decoders.decode(stored(Image.new("RGBA", (2, 2), (10, 20, 30, 0)), "PNG"))
    assert np.array_equal(pixels, np.full((2, 2, 3), 255))


def test_sixteen_bits_keep_their_upper_eight():
    deep = Image.fromarray(np.array([[0, 256, 65535]], dtype=np.uint16))
    assert decoders.decode(stored(deep, "PNG"))[:, :, 0].tolist() == [[0, 1, 255]]
