"""Tests of burnish.verbs.previewing.preview."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.data import Data, Schema, TensorSource
from burnish.data.augment.presets import preset
from burnish.data.augment.source import AugmentedSource
from burnish.verbs.previewing.preview import draw_preview


def data(count=40, classes=4, shape=(3, 16, 16)):
    inputs = torch.randint(0, 256, (count, *shape), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    split = TensorSource(inputs, torch.arange(count) % classes if classes else None)
    names = tuple("abcdefgh"[:classes])
    return Data("noise", Schema("image", "classification", shape, classes=names), split, split, split)


def preview(held, *, samples=3, variants=2, seed=0, kinds=None, spec="heavy"):
    source = AugmentedSource(held.train, preset(spec, held.schema.input_shape), seed, kinds=kinds)
    return draw_preview(
        held, source, title="t", operations=[], samples=samples, variants=variants, seed=seed, kinds=kinds
    )


def test_rows_show_every_class_in_turn_and_say_what_they_are():
    found = preview(data(), samples=6)
    assert [sample["class"] for sample in found.samples] == ["a", "a", "b", "b", "c", "d"]
    for sample in found.samples:
        assert sample["where"] == f"sample {sample['sample']}"
        assert "abcd"[sample["sample"] % 4] == sample["class"]


def test_the_same_seed_gives_the_same_picture_and_another_one_others():
    one, again, other = preview(data()), preview(data()), preview(data(), seed=1)
    assert np.array_equal(one.pixels, again.pixels)
    assert one.samples != other.samples


def test_the_originals_and_the_variants_of_a_fit_are_in_it():
    held = data(shape=(3, 96, 96))
    found = preview(held, samples=1, variants=2)
    number = torch.tensor([found.samples[0]["sample"]])
    source = AugmentedSource(held.train, preset("heavy", (3, 96, 96)), 0)
    for wanted in (held.train, source.for_epoch(0), source.for_epoch(1)):
        pixels = (wanted.gather(number)[0][0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        height, width = found.pixels.shape[:2]
        assert any(
            np.array_equal(found.pixels[y : y + 96, x : x + 96], pixels)
            for y in range(height - 95)
            for x in range(width - 95)
            if np.array_equal(found.pixels[y, x], pixels[0, 0]) and np.array_equal(found.pixels[y, x + 5], pixels[0, 5])
        )


def test_samples_without_classes_and_grey_ones_are_shown_too():
    found = preview(data(classes=0, shape=(1, 8, 8)), samples=50)
    assert len(found.samples) == 40
    assert "class" not in found.samples[0]


def test_targets_are_drawn_where_their_kinds_are_given():
    class Boxed(TensorSource):
        def gather(self, index):
            return super().gather(index)[0], {"box": torch.tensor([[[2.0, 2.0, 12.0, 12.0]]]).expand(len(index), 1, 4)}

    inputs = torch.zeros(4, 3, 16, 16, dtype=torch.uint8)
    split = Boxed(inputs, torch.zeros(4, dtype=torch.int64))
    held = Data("boxed", Schema("image", "classification", (3, 16, 16), classes=("a", "b")), split, split, split)
    plain, marked = preview(held, spec="flip-crop"), preview(held, kinds={"box": "boxes"}, spec="flip-crop")
    assert plain.pixels.shape == marked.pixels.shape
    assert not np.array_equal(plain.pixels, marked.pixels)


@pytest.mark.parametrize(("options", "message"), [({"samples": 0}, "samples"), ({"variants": 0}, "variants")])
def test_nothing_to_draw_is_refused(options, message):
    with pytest.raises(InputError, match=f"{message} must be at least 1, got 0"):
        preview(data(), **options)


def test_an_empty_split_is_named():
    with pytest.raises(InputError, match="the training split of noise is empty"):
        preview(data(count=0))


def test_it_is_written_as_the_name_says(tmp_path):
    found = preview(data())
    assert found.save(tmp_path / "grid") == tmp_path / "grid.png"
    with Image.open(tmp_path / "grid.png") as image:
        assert np.array_equal(np.asarray(image), found.pixels)
    with pytest.raises(InputError, match=r"is no name of a picture: end it in \.png or \.jpg"):
        found.save(tmp_path / "grid.csv")
    with pytest.raises(InputError, match="there is no folder"):
        found.save(tmp_path / "none" / "grid.png")


def test_a_notebook_shows_it():
    found = preview(data())
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found._repr_png_()))), found.pixels)
