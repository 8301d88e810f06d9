"""Tests of burnish.pruning.criteria.members."""

import pytest
import torch
from tests.pruning.criteria.hand_made import chain, group, part, summed
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.members import check_fit, combined, consuming, producing, rows, tensors_of


def test_a_row_holds_what_a_channel_has_in_any_dimension_of_a_tensor():
    weight = torch.randn(8, 6, 3, 3)
    found = rows(weight, part("w", 1, [[0, 3], [1, 4], [2, 5]], "consumes"))
    assert found.dtype == torch.float64
    for channel in range(3):
        expected = torch.cat([weight[:, channel], weight[:, channel + 3]]).double()
        assert torch.equal(found[channel].sort().values, expected.flatten().sort().values)


def test_producers_are_those_that_make_and_consumers_those_that_read():
    _, found = summed()
    assert [p.tensor for p in producing(found)] == ["one.weight", "two.weight"]
    assert [p.tensor for p in consuming(found)] == ["read.weight"]


def test_a_group_that_nothing_makes_is_scored_by_the_learnt_tensors_that_go_with_it():
    alone = group("scale", part("scale", 0, 4, "carries"), part("mean", 0, 4, "carries", True))
    assert [p.tensor for p in producing(alone)] == ["scale"]


def test_one_member_keeps_its_scores():
    assert combined([torch.tensor([5.0, 1.0, 0.0])]).tolist() == [5.0, 1.0, 0.0]


def test_a_member_of_large_numbers_does_not_drown_a_small_one():
    small, large = torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1.0, 1.1, 1.0])
    order = combined([small, large]).argsort()
    assert torch.equal(combined([small, 1e6 * large]).argsort(), order)
    assert not torch.equal((small + 1e6 * large).argsort(stable=True), order)


def test_scaling_all_members_scales_the_score():
    members = [torch.rand(4), torch.rand(4)]
    torch.testing.assert_close(combined([3 * member for member in members]), 3 * combined(members))


def test_a_member_of_zeros_leaves_the_order_to_the_others():
    assert combined([torch.zeros(3), torch.tensor([2.0, 1.0, 3.0])]).argsort().tolist() == [1, 0, 2]


def test_groups_of_another_model_are_refused():
    _, groups = chain()
    with pytest.raises(InputError, match=r"wants position 5 in dimension 0 of 'first\.weight', but there is none"):
        check_fit(tensors_of(nn.Linear(2, 2)), groups[0])


def test_groups_of_a_model_cut_since_then_are_refused():
    model, groups = chain()
    model.first = nn.Conv2d(2, 4, 3, padding=1)
    with pytest.raises(InputError, match=r"its shape is \(4, 2, 3, 3\): trace this model"):
        check_fit(tensors_of(model), groups[0])


def test_a_model_without_values_is_refused():
    model, groups = chain()
    with pytest.raises(InputError, match=r"'first\.weight' is on the meta device"):
        check_fit(tensors_of(model.to("meta")), groups[0])
