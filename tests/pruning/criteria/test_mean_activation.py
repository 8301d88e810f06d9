"""Tests of burnish.pruning.criteria.mean_activation."""

import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import chain, pairs

from burnish.pruning.criteria import MeanActivation, score_groups


def test_it_is_the_mean_over_all_samples_of_the_output_behind_the_nonlinearity():
    model, groups = chain(norm=True)
    found = score_groups(model, groups, MeanActivation(), batches=pairs((5, 5, 2)), normalise="none")
    one, two = [], []
    model.eval()
    with torch.no_grad():
        for inputs, _ in pairs((5, 5, 2)):
            for sample in inputs:
                first = F.relu(model.norm(model.first(sample[None])))
                one.append(first.abs().mean(dim=(0, 2, 3)))
                two.append(F.relu(model.second(first)).abs().mean(dim=(0, 2, 3)))
    torch.testing.assert_close(found["first"], torch.stack(one).mean(dim=0))
    torch.testing.assert_close(found["second"], torch.stack(two).mean(dim=0))


def test_it_does_not_depend_on_how_the_data_are_cut_into_batches():
    model, groups = chain()
    inputs = torch.cat([x for x, _ in pairs()])
    whole = score_groups(model, groups, MeanActivation(), batches=[(inputs, None)])
    parts = score_groups(model, groups, MeanActivation(), batches=[(inputs[:7], None), (inputs[7:], None)])
    last = score_groups(model, groups, MeanActivation(), batches=[(inputs[7:], None)])
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name])
        assert not torch.allclose(last[name], whole[name])


def test_scaling_a_channel_and_its_reader_back_changes_the_score_but_not_the_model():
    model, groups = chain()
    before = score_groups(model, groups, MeanActivation(), batches=pairs(), normalise="none")
    with torch.no_grad():
        model.first.weight[2] *= 10
        model.first.bias[2] *= 10
        model.second.weight[:, 2] /= 10
    after = score_groups(model, groups, MeanActivation(), batches=pairs(), normalise="none")
    torch.testing.assert_close(after["first"][2], 10 * before["first"][2])
    torch.testing.assert_close(after["second"], before["second"])


def test_a_silent_channel_goes_first():
    model, groups = chain()
    with torch.no_grad():
        model.first.bias[4] = -1e3
    found = score_groups(model, groups, "mean-activation", batches=pairs())["first"]
    assert found[4] == 0
    assert found.argmin() == 4
