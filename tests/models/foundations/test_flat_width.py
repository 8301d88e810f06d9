"""Tests of burnish.models.foundations.flat_width."""

import pytest
import torch

from burnish.models.foundations.flat_width import flat_width


@pytest.mark.parametrize(("channels", "size"), [(3, (8, 5)), (1, (1, 1)), (7, None)])
def test_it_is_the_width_of_the_flattened_input(channels, size):
    assert flat_width(channels, size) == torch.zeros(1, channels, *(size or ())).flatten(1).shape[1]
