"""Tests of burnish.layers.table_input."""

import pytest
import torch
import torch.nn.functional as F

from burnish.common.errors import InputError
from burnish.layers.table_input import TableInput

NAN = float("nan")


@pytest.fixture
def layer():
    """Columns: a category of 3, a number with gaps, a category of 2, a number without gaps."""
    mean, std = torch.tensor([9.0, 10.0, 9.0, -1.0]), torch.tensor([9.0, 5.0, 9.0, 0.5])
    return TableInput([1, 3], [(0, 3), (2, 2)], mean, std, missing=[1])


def test_numbers_are_standardised_by_their_own_statistics(layer):
    rows = torch.tensor([[0.0, 20.0, 0.0, -2.0], [0.0, 10.0, 0.0, -1.0]])
    assert layer(rows)[:, :2].tolist() == [[2.0, -2.0], [0.0, 0.0]]


def test_a_missing_number_is_the_training_mean_and_sets_its_flag(layer):
    rows = torch.tensor([[0.0, NAN, 0.0, NAN], [0.0, 20.0, 0.0, -1.0]])
    assert layer(rows)[:, :3].tolist() == [[0.0, 0.0, 1.0], [2.0, 0.0, 0.0]]


def test_categories_are_one_hot(layer):
    codes = torch.tensor([[0, 1], [1, 0], [2, 1]])
    rows = torch.tensor([[float(a), 0.0, float(b), 0.0] for a, b in codes.tolist()])
    expected = torch.cat([F.one_hot(codes[:, 0], 4), F.one_hot(codes[:, 1], 3)], dim=1)
    assert torch.equal(layer(rows)[:, 3:], expected.float())


@pytest.mark.parametrize("code", [NAN, -1.0, 3.0, 1e9])
def test_missing_and_unknown_categories_share_the_last_slot(layer, code):
    assert layer(torch.tensor([[code, 0.0, 0.0, 0.0]]))[0, 3:7].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_width_is_the_width_of_the_output(layer):
    assert layer.width == 2 + 1 + 4 + 3
    assert layer(torch.zeros(5, 4)).shape == (5, layer.width)


@pytest.mark.parametrize(("numeric", "categorical"), [([0, 1], []), ([], [(0, 2), (1, 5)])])
def test_a_table_may_lack_either_kind_of_column(numeric, categorical):
    layer = TableInput(numeric, categorical, torch.zeros(2), torch.ones(2))
    assert layer(torch.zeros(3, 2)).shape == (3, layer.width)


def test_gradients_reach_the_numbers_and_stay_finite_at_gaps(layer):
    rows = torch.tensor([[NAN, NAN, 1.0, 0.0]], requires_grad=True)
    layer(rows).sum().backward()
    assert rows.grad.tolist() == [[0.0, 0.0, 0.0, 2.0]]


def test_statistics_travel_in_the_state_dict(layer):
    blank = TableInput([1, 3], [(0, 3), (2, 2)], torch.zeros(4), torch.ones(4), missing=[1])
    assert set(layer.state_dict()) == {"mean", "std"}
    blank.load_state_dict(layer.state_dict())
    rows = torch.randn(4, 4)
    assert torch.equal(blank(rows), layer(rows))


def test_it_exports_with_any_batch_size(layer):
    exported = torch.export.export(layer, (torch.zeros(3, 4),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    rows = torch.tensor([[1.0, NAN, -1.0, 0.0]] * 7)
    assert torch.equal(exported.module()(rows), layer(rows))


def test_wrong_arguments_are_named(layer):
    two = torch.ones(2)
    with pytest.raises(InputError, match=r"column positions must be 0 to 1, each once, got \[0, 0\]"):
        TableInput([0], [(0, 2)], two, two)
    with pytest.raises(InputError, match=r"one number a column \(1\), got 2"):
        TableInput([0], [], two, two)
    with pytest.raises(InputError, match=r"flags for missing values need numeric columns \(\[0\]\), got \[1\]"):
        TableInput([0], [(1, 2)], two, two, missing=[1])
    with pytest.raises(InputError, match=r"expected rows of shape \(batch, 4\), got \(2, 3\)"):
        layer(torch.zeros(2, 3))
