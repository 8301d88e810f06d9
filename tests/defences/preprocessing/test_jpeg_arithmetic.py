"""Tests of burnish.defences.preprocessing.jpeg_arithmetic."""

import io

import pytest
import torch
from PIL import Image

from burnish.defences.preprocessing.jpeg_arithmetic import (
    compressed_plane,
    doubled,
    from_luma_and_chroma,
    halved,
    quantisation,
    to_luma_and_chroma,
)

BYTES = torch.randint(0, 256, (2, 3, 16, 24), generator=torch.Generator().manual_seed(0)).float()


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 75, 99, 100])
def test_the_steps_are_those_that_pillow_writes(quality):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    written = Image.open(file).quantization
    luma, chroma = quantisation(quality)
    assert luma.flatten().tolist() == written[0]
    assert chroma.flatten().tolist() == written[1]


def test_colour_and_back_is_off_by_rounding_alone():
    back = from_luma_and_chroma(*to_luma_and_chroma(BYTES))
    assert (back - BYTES).abs().max() <= 2


def test_grey_has_no_chroma():
    luma, chroma = to_luma_and_chroma(BYTES[:, :1].expand(-1, 3, -1, -1))
    assert torch.equal(luma, BYTES[:, :1])
    assert chroma.unique().tolist() == [128]


def test_steps_of_one_change_planes_by_rounding_alone():
    assert (compressed_plane(BYTES, torch.ones(8, 8)) - BYTES).abs().max() <= 2


def test_coarse_steps_leave_the_mean_of_each_block():
    steps = torch.full((8, 8), 1e6)
    steps[0, 0] = 1
    out = compressed_plane(BYTES, steps).unfold(2, 8, 8).unfold(3, 8, 8).flatten(4)
    means = BYTES.unfold(2, 8, 8).unfold(3, 8, 8).flatten(4).mean(dim=-1)
    assert torch.equal(out.amin(dim=-1), out.amax(dim=-1))
    assert (out[..., 0] - means).abs().max() <= 1


def test_the_step_of_a_frequency_acts_on_its_own_direction():
    rows_differ = (128 + 40 * (-1.0) ** torch.arange(8))[:, None].expand(1, 1, 8, 8)
    steps = torch.ones(8, 8)
    steps[1:, 0] = 1e6  # vertical frequencies alone
    assert compressed_plane(rows_differ, steps).unique().tolist() == [128]
    assert (compressed_plane(rows_differ.mT, steps) - rows_differ.mT).abs().max() <= 1


def test_halving_takes_means_and_sends_halves_down_and_up_in_turn():
    plane = torch.tensor([[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]])[None, None]
    assert halved(plane)[0, 0, 0, :2].tolist() == [0, 1]
    assert halved(BYTES[:, :, :15, :17]).shape == (2, 3, 8, 16)


def test_doubling_takes_three_parts_of_the_nearer():
    plane = torch.tensor([[0.0, 16.0, 160.0]])[None, None]
    assert doubled(plane, torch.Size((2, 5)))[0, 0].tolist() == [[0, 4, 12, 52, 124]] * 2
