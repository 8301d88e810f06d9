"""Tests of burnish.verbs.data_preview."""

import json

import numpy as np
import pytest
from PIL import Image

import burnish
from burnish import cli
from burnish.common.errors import InputError


def test_a_shell_gets_a_picture_and_what_was_done(tmp_path, photos, capsys):
    words = ["data", "preview", str(photos), "--augment", "heavy", "--to", str(tmp_path / "grid.png")]
    assert cli.main([*words, "--samples", "4", "--variants", "3", "--input-size", "16", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["to"] == str(tmp_path / "grid.png")
    assert [sample["class"] for sample in told["samples"]] == ["blue", "blue", "green", "red"]
    assert "horizontal-flip" in [operation["name"] for operation in told["augment"]]
    with Image.open(tmp_path / "grid.png") as image:
        assert image.format == "PNG"


def test_python_gets_the_pixels_and_files_are_only_written_when_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = burnish.preview_data("digits", ["rotate", {"name": "translate", "pixels": 1}], samples=2, variants=2)
    assert found.pixels.dtype == np.uint8
    assert [operation["name"] for operation in found.operations] == ["rotate", "translate"]
    assert list(tmp_path.iterdir()) == []
    burnish.preview_data("digits", samples=2, variants=2, to="grid.png")
    assert (tmp_path / "grid.png").is_file()


def test_files_are_shown_from_their_own_size(photos):
    whole, cached = (
        burnish.preview_data(photos, "flip-crop", samples=2, variants=2, input_size=8, cache_mb=mb) for mb in (0, 1)
    )
    assert whole.pixels.shape == cached.pixels.shape
    assert whole.samples == cached.samples


def test_arrays_can_be_shown():
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 16, 16), dtype=np.uint8)
    assert burnish.preview_data((images, np.arange(40) % 2), samples=2, variants=1).samples[0]["class"] == "0"


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("iris", {}, "a preview shows images, and iris is table data"),
        ("digits", {"augment": "hevy"}, r"unknown augmentation 'hevy' \(did you mean 'heavy'\?\)"),
        ("digits", {"sample": 3}, r"data preview has no option 'sample' \(did you mean 'samples'\?\)"),
        ("no-such-set", {}, "there is no data 'no-such-set'"),
    ],
)
def test_what_cannot_be_shown_is_one_line(data, options, message):
    with pytest.raises(InputError, match=message):
        burnish.preview_data(data, **options)


def test_a_folder_as_the_file_to_write_is_refused(tmp_path, capsys):
    assert cli.main(["data", "preview", "digits", "--to", str(tmp_path)]) == 2
    assert "names the file of a picture" in capsys.readouterr().err
