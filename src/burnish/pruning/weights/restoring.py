"""Masks put back: from the zeros of a plain model, or from a saved state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import put_mask_
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.sparsity import Sparsity, describe


def mask_zeros_(model: nn.Module, ignore: Iterable[str] = ()) -> Sparsity:
    """Mask every weight that is zero, so that further training keeps what was removed and baked.

    Args:
        model: any module, changed in place; weights without a single zero get no mask.
        ignore: names of modules or weights to leave alone.

    Returns:
        Removed weights by layer and in all.

    Raises:
        InputError: no weight is zero, or one whole layer is.

    >>> layer = nn.Linear(2, 2)
    >>> _ = nn.init.eye_(layer.weight)
    >>> mask_zeros_(layer).removed
    2
    """
    weights = prunable_weights(model, ignore)
    values = [weight.value for weight in weights]
    for weight, value in zip(weights, values, strict=True):
        if not value.any():
            raise InputError(
                f"'{weight.name}' is zero as a whole, which may be how it starts: ignore=('{weight.name}',) if it is "
                "to be trained"
            )
    if all(bool(value.all()) for value in values):
        raise InputError(f"no weight of {type(model).__name__} is zero: there is nothing to mask")
    for weight, value in zip(weights, values, strict=True):
        if not value.all():
            put_mask_(weight.owners, value != 0)
    return describe(model, weights)


def mask_like_(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a plain model the masks that a state dict has; ``model.load_state_dict(state)`` then fits.

    Args:
        model: of the same structure, changed in place; its weights are zeroed where the masks say so.
        state: of a model with masks.

    Raises:
        InputError: the state has no masks, or one that fits no weight.

    >>> layer, fresh = nn.Linear(2, 2), nn.Linear(2, 2)
    >>> _ = nn.init.eye_(layer.weight)
    >>> _ = mask_zeros_(layer)
    >>> mask_like_(fresh, layer.state_dict())
    >>> fresh.load_state_dict(layer.state_dict())
    <All keys matched successfully>
    """
    weights = {}
    for weight in prunable_weights(model):
        for place, module in model.named_modules():
            for owner, name in weight.owners:
                if owner is module:
                    weights[f"{place}.{name}".removeprefix(".")] = weight
    masks = {_weight_name(key): mask for key, mask in state.items() if key.endswith(".0.mask")}
    if not masks:
        raise InputError("the state has no masks: it is that of a plain model, load it as it is")
    for name, mask in masks.items():
        if name not in weights or weights[name].value.shape != mask.shape:
            here = f"has shape {tuple(weights[name].value.shape)} here" if name in weights else "is no weight here"
            raise InputError(f"the mask of '{name}' has shape {tuple(mask.shape)}, and that {here}")
    for name, mask in masks.items():
        put_mask_(weights[name].owners, torch.ne(mask, 0).to(weights[name].parameter.device))


def _weight_name(key: str) -> str:
    place, _, name = key.removesuffix(".0.mask").rpartition("parametrizations.")
    return place + name
