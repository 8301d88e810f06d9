"""Tests of burnish.verbs.fitting.model_choice; choosing by name and by weights is tested with prepare."""

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.pruning.weights import mask_zeros_
from burnish.verbs.fitting.model_choice import mask_removed_, take_weights


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))


def test_zeros_of_a_pruned_parent_are_masked_and_those_of_others_are_not():
    net = network()
    with torch.no_grad():
        net[0].weight[0] = 0
    surgery = [{"level": "weight", "steps": ["0.weight"]}]
    mask_removed_(net, [], fresh=True)
    assert type(net[0]) is nn.Linear
    mask_removed_(net, surgery, fresh=True)
    assert hasattr(net[0], "parametrizations")
    assert type(net[1]) is nn.Linear


def test_a_checkpoint_with_masks_fits_what_is_resumed():
    net, fresh = network(), network()
    with torch.no_grad():
        net[0].weight[0] = 0
    mask_zeros_(net)
    mask_removed_(fresh, [{"level": "weight", "steps": ["0.weight"]}], fresh=False)
    fresh.load_state_dict(net.state_dict())
    assert torch.equal(fresh[0].weight, net[0].weight)


def test_weights_that_do_not_fit_say_whose_they_are(tmp_path):
    run = burnish.fit("digits", "mlp", out=tmp_path, max_steps=1, epochs=1, quiet=True)
    with pytest.raises(InputError, match=r"the weights of run .*0001-fit do not fit Linear on these data"):
        take_weights(nn.Linear(2, 2), run)
