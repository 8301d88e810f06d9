"""Tests of burnish.pruning.criteria.filter_norm."""

import pytest
import torch
from tests.pruning.criteria.hand_made import chain, summed

from burnish.pruning.criteria import L1, L2, score_groups
from burnish.pruning.criteria.members import combined


@pytest.mark.parametrize("criterion", [L1, L2])
def test_consumers_count_only_when_they_are_asked_for(criterion):
    model, groups = chain()
    alone, both = (score_groups(model, groups, criterion(consumers=flag)) for flag in (False, True))
    with torch.no_grad():
        model.second.weight[:, 3] *= 100
    assert torch.equal(score_groups(model, groups, criterion())["first"], alone["first"])
    changed = score_groups(model, groups, criterion(consumers=True))["first"]
    assert not torch.allclose(changed, both["first"])
    assert changed.argmax() == 3


def test_members_of_a_group_count_alike():
    model, found = summed(wide=300)
    one, two = (getattr(model, name).weight.detach().abs().sum(dim=1) for name in ("one", "two"))
    score = score_groups(model, [found], L1(), normalise="none")["one"]
    torch.testing.assert_close(score, combined([one, two]))
    with torch.no_grad():
        model.two.weight *= 1000  # a larger layer, of no other opinion
    assert torch.equal(score_groups(model, [found], L1())["one"].argsort(), score.argsort())
