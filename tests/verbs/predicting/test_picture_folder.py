"""Tests of burnish.verbs.predicting.picture_folder."""

import numpy as np
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.verbs.predicting.picture_folder import check_folder, write_pictures
from burnish.verbs.predicting.predictions import Predictions


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_written_pixel_by_pixel(channels, tmp_path):
    images = torch.randint(0, 256, (2, channels, 5, 4), generator=torch.Generator().manual_seed(0)) / 255
    made = Predictions([{"sample": 1}, {"sample": 2}], values=images)
    write_pictures(made, tmp_path / "made")
    assert [row["picture"] for row in made.rows] == ["sample-0001.png", "sample-0002.png"]
    pixels = np.asarray(Image.open(tmp_path / "made" / "sample-0002.png")).reshape(5, 4, channels)
    assert np.array_equal(pixels, (images[1].permute(1, 2, 0) * 255).round().byte().numpy())


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    check_folder(tmp_path / "new", overwrite=False)
    check_folder(tmp_path, overwrite=False)
    (tmp_path / "mine").write_text("")
    with pytest.raises(InputError, match="is not empty: choose another, or write into it with --overwrite"):
        check_folder(tmp_path, overwrite=False)
    check_folder(tmp_path, overwrite=True)
    with pytest.raises(InputError, match=r"got '.*mine': name a folder"):
        check_folder(tmp_path / "mine", overwrite=True)
    with pytest.raises(InputError, match=r"there is no folder '.*no' to make such in: make it first"):
        check_folder(tmp_path / "no" / "such", overwrite=False)
