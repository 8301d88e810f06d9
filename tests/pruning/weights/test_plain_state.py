import copy

import pytest
import torch
from tests.pruning.weights.networks import EXAMPLES, Tied
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.plain_state import dense_bytes, plain_state
from burnish.pruning.weights.sparsify import sparsify_


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_it_is_the_state_after_baking(kind):
    model = EXAMPLES[kind][0]()
    size = dense_bytes(model)
    sparsify_(model, 0.5, least_per_output=1)
    found = plain_state(model)
    baked = copy.deepcopy(model)
    bake_(baked)
    expected = baked.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, (tensor, _) in found.items())
    assert dense_bytes(model) == size


def test_tied_weights_share_their_identity_and_equal_ones_do_not():
    model = Tied()
    model.register_parameter("twin", nn.Parameter(model.decoder.weight.detach().clone()))
    sparsify_(model, 0.5)
    found = plain_state(model)
    assert found["decoder.weight"][1] == found["embedding.weight"][1] != found["twin"][1]


def test_what_is_no_tensor_is_refused():
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"a": 1}

    with pytest.raises(InputError, match="'_extra_state' in the state of Extra is a dict"):
        plain_state(Extra(1, 1))
