"""Fold batch normalisations into the layers before them, which then do both at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.call_graph import sole_followers
from burnish.layers.deformable import DeformableConv2d

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_FOLDABLE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED, nn.Linear, DeformableConv2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def fold_batchnorm_(model: nn.Module) -> tuple[str, ...]:
    """Give every layer that a batch normalisation alone follows that normalisation's scale and shift.

    Source: Jacob et al. 2017, "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", arXiv:1712.05877, eq. 14: W' = gamma W / sqrt(var + eps), and b' = gamma (b - mean) / sqrt(var + eps) +
    beta.

    Convolutions, transposed and deformable ones too, and linear layers are folded, whatever their groups, strides or
    dilations; those without a bias get one. The normalisation becomes an ``nn.Identity``. A layer is left alone where
    anything else uses its output, or shares its weights, and where Python code that cannot be followed lies between the
    two. A linear layer's normalisation is taken to be over its outputs, not over a sequence that is as long.

    Args:
        model: any module in evaluation mode, changed in place.

    Returns:
        Names of the normalisations that were folded, in the order of the model.

    Raises:
        InputError: a normalisation is in training mode, or there is nothing to fold.

    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()).eval()
    >>> fold_batchnorm_(model), type(model[1]).__name__
    (('1',), 'Identity')
    """
    names = {norm: name for name, norm in model.named_modules() if isinstance(norm, _NORMS)}
    for norm, name in names.items():
        if norm.training:
            raise InputError(
                f"the batch normalisation '{name}' is in training mode, where it uses the statistics of each batch: "
                "call model.eval() before folding"
            )
    uses = _uses(model)
    folded: set[nn.Module] = set()
    for layer, follower in sole_followers(model, _FOLDABLE, _NORMS):
        assert isinstance(follower, _NORMS)
        # Behind a linear layer only the one for vectors can be over its outputs.
        over_outputs = isinstance(follower, nn.BatchNorm1d) or not isinstance(layer, nn.Linear)
        fits = over_outputs and follower.num_features == _outputs(layer) and follower.running_mean is not None
        if fits and _has_own_weights(layer, uses):
            _fold(layer, follower)
            folded.add(follower)
    if not folded:
        raise InputError(
            f"nothing to fold in {type(model).__name__}: "
            + (f"none of its {len(names)} batch normalisations" if names else "no batch normalisation")
            + " follows a convolution or linear layer whose output nothing else uses"
        )
    for place, module in list(model.named_modules(remove_duplicate=False)):
        if module in folded:
            model.set_submodule(place, nn.Identity().eval())
    return tuple(name for norm, name in names.items() if norm in folded)


def _uses(model: nn.Module) -> dict[int, int]:
    """How many modules hold each parameter."""
    uses: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            uses[id(parameter)] = uses.get(id(parameter), 0) + 1
    return uses


def _has_own_weights(layer: nn.Module, uses: dict[int, int]) -> bool:
    # A parametrised weight (weight norm, say) is made anew at every call, so that it cannot be changed for good.
    held = (layer._parameters.get("weight"), layer._parameters.get("bias"))
    return held[0] is not None and all(parameter is None or uses[id(parameter)] == 1 for parameter in held)


def _outputs(layer: nn.Module) -> int:
    """Output channels."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    if isinstance(layer, _TRANSPOSED):
        return weight.shape[1] * layer.groups
    return weight.shape[0]


@torch.no_grad()
def _fold(layer: nn.Module, norm: nn.modules.batchnorm._BatchNorm) -> None:
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, nn.Parameter)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # In double precision, so that the only rounding is that of the new weights.
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    shift = -norm.running_mean.double()
    if isinstance(bias, Tensor):
        shift = shift + bias.double()
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    shift = shift * scale
    if norm.bias is not None:
        shift = shift + norm.bias.double()
    if isinstance(layer, _TRANSPOSED):  # (in channels, out channels of a group, ...)
        by_group = weight.double().unflatten(0, (layer.groups, -1))
        scaled = by_group * scale.view(layer.groups, 1, -1, *(1,) * (weight.ndim - 2))
        weight.copy_(scaled.flatten(0, 1))
    else:
        weight.copy_(weight.double() * scale.view(-1, *(1,) * (weight.ndim - 1)))
    if isinstance(bias, nn.Parameter):
        bias.copy_(shift)
    else:
        layer.bias = nn.Parameter(shift.to(weight.dtype), requires_grad=weight.requires_grad)
