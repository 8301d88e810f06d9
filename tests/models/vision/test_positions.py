"""Tests of burnish.models.vision.positions."""

import re

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models.vision.positions import resized_bias_table, resized_positions


def ramp(rows, columns):
    """Numbers that rise along the columns alone, from 0 to 1."""
    return torch.linspace(0, 1, columns).repeat(rows, 1)


def test_the_same_grid_leaves_positions_as_they_are():
    positions = torch.randn(1, 1 + 6, 4)
    torch.testing.assert_close(resized_positions(positions, (2, 3), (2, 3)), positions)


def test_rows_stay_rows_and_columns_stay_columns():
    positions = torch.cat([torch.tensor([7.0]), ramp(4, 6).flatten()]).view(1, -1, 1)
    resized = resized_positions(positions, (4, 6), (3, 12))[0, :, 0]
    assert resized[0] == 7
    grid = resized[1:].view(3, 12)
    torch.testing.assert_close(grid[0], grid[2])
    assert (grid.diff(dim=1)[:, 1:-1] > 0).all()


def test_biases_stay_where_their_offset_is():
    table = torch.stack([ramp(13, 13).flatten(), ramp(13, 13).T.flatten()], dim=1)
    resized = resized_bias_table(table, (7, 7), (4, 4))
    assert resized.shape == (49, 2)
    along, down = resized.T.reshape(2, 7, 7)
    torch.testing.assert_close(along, down.T)
    assert (along.diff(dim=1) > 0).all()
    assert along[3, 3] == pytest.approx(0.5, abs=1e-6)  # no offset, the middle of the table


def test_half_precision_stays():
    assert resized_positions(torch.zeros(1, 5, 3, dtype=torch.bfloat16), (2, 2), (3, 3)).dtype == torch.bfloat16


def test_a_grid_that_the_positions_do_not_form_is_named():
    with pytest.raises(InputError, match=re.escape("positions of a 3x3 grid must be (1, 10, width), got (1, 5, 8)")):
        resized_positions(torch.zeros(1, 5, 8), (3, 3), (2, 2))


def test_a_window_that_the_biases_do_not_form_is_named():
    with pytest.raises(InputError, match=re.escape("biases of a 7x7 window must be (169, heads), got (49, 3)")):
        resized_bias_table(torch.zeros(49, 3), (7, 7), (4, 4))
