"""Tests of burnish.models.pyramid."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.pyramid import Pyramid


def test_maps_are_those_after_the_taps():
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 1)]
    image = torch.rand(2, 3, 8, 8)
    first, last = Pyramid(layers, taps=(1, 3))(image)
    assert torch.equal(first, layers[1](layers[0](image)))
    assert torch.equal(last, nn.Sequential(*layers)(image))


def test_layers_keep_their_names():
    body = Pyramid(OrderedDict(conv0=nn.Conv2d(1, 2, 1), pool0=nn.MaxPool2d(2)), taps=(0, 1))
    assert list(body.state_dict()) == ["conv0.weight", "conv0.bias"]


def test_a_model_may_hold_it_under_the_name_features():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = Pyramid([nn.Conv2d(1, 2, 1)], taps=(0,))

    net = Net()
    assert list(net.state_dict()) == ["features.0.weight", "features.0.bias"]
    assert net.features(torch.zeros(1, 1, 2, 2))[0].shape == (1, 2, 2, 2)


def test_a_slice_is_a_plain_sequence_that_keeps_names():
    body = Pyramid([nn.Conv2d(1, 2, 1), nn.ReLU(), nn.MaxPool2d(2)], taps=(0, 2))
    image = torch.rand(1, 1, 4, 4)
    assert torch.equal(body[:2](image), body[1](body[0](image)))
    assert list(body[1:].state_dict()) == []
    assert [name for name, _ in body[1:].named_children()] == ["1", "2"]
    assert isinstance(body[-1], nn.MaxPool2d)


@pytest.mark.parametrize("taps", [(), (0,), (1, 0), (0, 0, 1), (-1, 1), (1, 2)])
def test_taps_that_do_not_end_with_the_last_layer_are_refused(taps):
    with pytest.raises(InputError, match=r"taps must rise and end with the last layer, 1, got \("):
        Pyramid([nn.ReLU(), nn.ReLU()], taps=taps)
