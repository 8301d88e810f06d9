"""Tests of burnish.layers.denormalise."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers import Denormalise, Normalise


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5, 5)])
def test_it_undoes_normalisation(shape):
    inputs, statistics = torch.rand(shape), ([0.2, 0.5, -3.0], [0.1, 2.0, 4.0])
    assert not torch.allclose(Denormalise(*statistics)(inputs), inputs)
    torch.testing.assert_close(Denormalise(*statistics)(Normalise(*statistics)(inputs)), inputs)


def test_a_deviation_that_is_not_positive_is_named():
    with pytest.raises(InputError, match="std must be positive, got 0 for channel 0"):
        Denormalise([0.0], [0.0])
