"""Tests of burnish.layers.fold_batchnorm."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.layers import DeformableConv2d, fold_batchnorm_
from burnish.models import create


def trained(model):
    """As after training: statistics, scales and shifts that are not the first ones; in evaluation mode."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.3, 3.0)
            if module.affine:
                nn.init.uniform_(module.weight, -2.0, 2.0)
                nn.init.normal_(module.bias)
    return model.eval()


def assert_folds(model, inputs, names):
    before = trained(model)(inputs)
    assert fold_batchnorm_(model) == names
    torch.testing.assert_close(model(inputs), before, rtol=1e-5, atol=1e-5)
    return model


LAYERS = {
    "1d": (nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6), (2, 4, 9)),
    "2d": (nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    "2d without bias": (nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    "2d grouped": (nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    "2d dilated, mirrored border": (
        nn.Conv2d(4, 6, 3, padding=2, dilation=2, padding_mode="reflect"), nn.BatchNorm2d(6), (2, 4, 9, 8),
    ),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.BatchNorm2d(4), (2, 4, 9, 8)),
    "3d": (nn.Conv3d(2, 3, 3), nn.BatchNorm3d(3), (2, 2, 5, 4, 5)),
    "transposed 1d": (nn.ConvTranspose1d(4, 6, 3, stride=2), nn.BatchNorm1d(6), (2, 4, 5)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1), nn.BatchNorm2d(6), (2, 4, 5, 4)),
    "transposed, grouped, without bias": (
        nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False), nn.BatchNorm2d(6), (2, 4, 5, 4),
    ),
    "transposed 3d, grouped": (nn.ConvTranspose3d(4, 6, 2, groups=2), nn.BatchNorm3d(6), (2, 4, 3, 3, 3)),
    "linear": (nn.Linear(5, 7), nn.BatchNorm1d(7), (3, 5)),
    "linear without bias": (nn.Linear(5, 7, bias=False), nn.BatchNorm1d(7), (3, 5)),
    "deformable": (DeformableConv2d(4, 6, 3, groups=2, modulated=True), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    "without scale and shift": (nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6, affine=False), (2, 4, 9, 8)),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYERS)
def test_the_folded_layer_does_both(kind):
    layer, norm, shape = LAYERS[kind]
    model = assert_folds(nn.Sequential(layer, norm, nn.ReLU()), torch.randn(shape), ("1",))
    assert [type(module) for module in model] == [type(layer), nn.Identity, nn.ReLU]


def test_it_holds_in_double_precision_to_rounding():
    model = trained(nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)).double())
    images = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    before = model(images)
    fold_batchnorm_(model)
    torch.testing.assert_close(model(images), before, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "folded", "kept"),
    [("resnet20", 19, 0), ("resnet18", 20, 0), ("deformable-resnet18", 20, 0)],
)
def test_whole_networks_are_folded(name, folded, kept):
    model = trained(create(name, 10, 3, 32))
    # Scales near one, so that numbers do not grow from block to block beyond what single precision compares.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
    images = torch.rand(2, 3, 32, 32)
    before = model(images)
    names = fold_batchnorm_(model)
    assert len(names) == folded
    assert sum(isinstance(module, nn.BatchNorm2d) for module in model.modules()) == kept
    torch.testing.assert_close(model(images), before, rtol=1e-4, atol=1e-5 * before.abs().max().item())


def test_a_layer_whose_output_is_used_elsewhere_stays():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.norm_a = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
            self.b, self.norm_b = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x):
            y = self.a(x)
            return self.norm_b(self.b(y + self.norm_a(y)))

    model = assert_folds(Residual(), torch.randn(2, 3, 4, 4), ("norm_b",))
    assert isinstance(model.norm_a, nn.BatchNorm2d)


def test_layers_that_share_weights_stay():
    model = nn.Sequential(
        nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)
    )
    model[2].weight = model[0].weight
    assert_folds(model, torch.randn(2, 3, 4, 4), ("4",))


def test_weights_that_are_made_anew_at_every_call_stay():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 1)), nn.BatchNorm2d(3))
    with pytest.raises(InputError, match="none of its 1 batch normalisations follows"):
        fold_batchnorm_(trained(model))


def test_a_normalisation_over_another_dimension_than_the_linear_layers_outputs_stays():
    with pytest.raises(InputError, match="nothing to fold"):
        fold_batchnorm_(trained(nn.Sequential(nn.Linear(5, 3), nn.BatchNorm2d(3))))
    with pytest.raises(InputError, match="nothing to fold"):
        fold_batchnorm_(trained(nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(3))))


def test_a_pair_that_is_used_twice_is_folded_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
            self.same = self.block[1]

        def forward(self, x):
            return self.block(self.block(x).relu())

    model = assert_folds(Twice(), torch.randn(2, 3, 4, 4), ("block.1",))
    assert isinstance(model.same, nn.Identity)


def test_parameters_stay_the_objects_they_were_and_frozen_ones_frozen():
    model = trained(nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4)))
    model[0].weight.requires_grad_(False)
    weight = model[0].weight
    fold_batchnorm_(model)
    assert model[0].weight is weight
    assert not model[0].bias.requires_grad
    assert model[0].bias.is_leaf


def test_a_normalisation_without_running_statistics_stays():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    with pytest.raises(InputError, match="nothing to fold in Sequential: none of its 1 batch normalisations follows"):
        fold_batchnorm_(model)


def test_nothing_to_fold_is_an_error():
    with pytest.raises(InputError, match="nothing to fold in ReLU: no batch normalisation follows a convolution or"):
        fold_batchnorm_(nn.ReLU().eval())


def test_training_mode_is_refused_and_nothing_changes():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(InputError, match=r"'1' is in training mode.*: call model.eval\(\) before folding"):
        fold_batchnorm_(model)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
