"""Tests of burnish.attacks.white_box.universal_result."""

import torch

from burnish.attacks.white_box.universal_result import UniversalResult
from burnish.common.intervals import proportion


def test_the_perturbation_is_added_to_every_image_and_clipped():
    found = UniversalResult(
        torch.tensor([[[0.5, -0.5]]]),
        "linf",
        0.5,
        proportion(1, 2),
        proportion(0, 0),
        torch.arange(0),
        1,
        2,
        (0.0, 1.0),
    )
    images = torch.tensor([[[[0.25, 0.75]]], [[[0.75, 0.25]]]])
    assert found.apply(images).tolist() == [[[[0.75, 0.25]]], [[[1.0, 0.0]]]]
