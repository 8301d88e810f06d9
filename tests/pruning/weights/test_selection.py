import itertools

import pytest
import torch

from burnish.pruning.weights.selection import lowest, lowest_in_groups, lowest_of_all


@pytest.mark.parametrize("count", [0, 1, 7, 30, 60])
def test_the_lowest_are_those_of_a_sorted_list(count):
    scores = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(count))
    ranked = sorted(range(60), key=lambda i: scores.flatten()[i].item())
    expected = torch.zeros(60, dtype=torch.bool)
    expected[ranked[:count]] = True
    assert torch.equal(lowest(scores, count), expected.view(3, 4, 5))


def test_of_equal_scores_exactly_as_many_as_asked_for_go_and_always_the_first():
    scores = torch.tensor([2.0, 1.0, 2.0, 2.0, 0.0])
    assert lowest(scores, 3).tolist() == [True, True, False, False, True]
    assert lowest(torch.full((5,), -torch.inf), 2).tolist() == [True, True, False, False, False]


def test_several_tensors_are_compared_as_one():
    generator = torch.Generator().manual_seed(0)
    scores = [torch.randn(4, 5, generator=generator), 10 * torch.randn(30, generator=generator)]
    found = lowest_of_all(scores, 25)
    whole = lowest(torch.cat([score.flatten() for score in scores]), 25)
    assert torch.equal(torch.cat([part.flatten() for part in found]), whole)
    assert [part.shape for part in found] == [score.shape for score in scores]


@pytest.mark.parametrize(("keep", "of"), [(2, 4), (1, 4), (1, 2), (3, 8)])
@pytest.mark.parametrize("dim", [0, 1])
def test_every_group_keeps_its_highest(keep, of, dim):
    scores = torch.randn(8, 16, 3, generator=torch.Generator().manual_seed(2))
    removed = lowest_in_groups(scores, keep, of, dim)
    groups = scores.movedim(dim, -1).reshape(-1, of)
    flags = removed.movedim(dim, -1).reshape(-1, of)
    for group, flag in zip(groups, flags, strict=True):
        assert int(flag.sum()) == of - keep
        best = max(itertools.combinations(range(of), keep), key=lambda some: sum(group[list(some)]).item())
        assert set(best) == set((~flag).nonzero().flatten().tolist())
