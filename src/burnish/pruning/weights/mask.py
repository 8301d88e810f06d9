"""Masks: the weights that were removed stay exactly zero, whoever trains the model, and however."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from burnish.common.errors import InputError


class Mask(nn.Module):
    """A parametrisation that multiplies a weight by zeros and ones.

    The mask is a part of the computation: what reaches the layer is zero where the mask is, and so is the gradient that
    comes back. No optimizer, average or wrapper needs to know of it, as they would of weights that are set to zero
    again after every step. The price is one multiplication a forward, until :func:`bake_`.

    It is kept in the weight's own type, because multiplying by numbers is ten times faster than choosing by booleans
    (measured on a CPU), and follows the model to other devices and types.

    Args:
        kept: the shape of the weight; what is not zero is kept.

    >>> Mask(torch.tensor([1.0, 0.0]))(torch.tensor([3.0, 4.0])).tolist()
    [3.0, 0.0]
    """

    mask: Tensor

    def __init__(self, kept: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", kept)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim > 2:
            # A product forgets the strides of dimensions of size 1, by which convolutions choose their kernel: with one
            # input channel in channels_last the wrong one takes thirty times as long.
            return weight.clone().mul_(self.mask)
        return weight * self.mask

    def right_inverse(self, weight: Tensor) -> Tensor:
        """What is stored when someone assigns a weight: the weight, of which the mask shows a part."""
        return weight

    @property
    def removed(self) -> int:
        """Weights that are masked."""
        return self.mask.numel() - int(self.mask.count_nonzero())


def mask_of(module: nn.Module, name: str) -> Mask | None:
    """The mask on a weight of a module, or None where it has none.

    >>> mask_of(nn.Linear(2, 2), "weight") is None
    True
    """
    if not parametrize.is_parametrized(module, name):
        return None
    found = module.parametrizations[name]  # type: ignore[index]
    return found[0] if len(found) == 1 and isinstance(found[0], Mask) else None


def stored(module: nn.Module, name: str) -> nn.Parameter:
    """The parameter behind a weight: what an optimizer holds, with or without a mask over it."""
    if parametrize.is_parametrized(module, name):
        held: nn.Parameter = module.parametrizations[name].original  # type: ignore[index,union-attr]
        return held
    return module._parameters[name]  # type: ignore[return-value]


@torch.no_grad()
def put_mask_(owners: tuple[tuple[nn.Module, str], ...], kept: Tensor) -> None:
    """Mask a weight under all the names that modules know it by; what is removed is zeroed in the parameter too.

    The parameter stays the object that it was, so that an optimizer made before goes on with it.

    Args:
        owners: modules that hold one and the same parameter, each with its name there.
        kept: booleans in the shape of the weight. A mask that is there already becomes this one.

    Raises:
        InputError: something else than a mask makes this weight (weight norm, say).
    """
    weight = stored(*owners[0])
    mask = mask_of(*owners[0])
    if mask is None:
        mask = Mask(torch.ones_like(weight, requires_grad=False))
    mask.mask.copy_(kept)
    weight.masked_fill_(~kept, 0)
    for module, name in owners:
        if mask_of(module, name) is mask:
            continue
        if parametrize.is_parametrized(module):
            refuse_strangers(module)
            own = type(module)  # copies of the module share the class; the next name concerns this module alone
            module.__class__ = type(own.__name__, own.__bases__, dict(vars(own)))
        else:
            module.__dict__["_order_before_masks"] = list(module._parameters)
        parametrize.register_parametrization(module, name, mask)
        if isinstance(module, nn.RNNBase):
            # A recurrent layer keeps a list of its weights, which would stay without the masks.
            setattr(type(module), "_flat_weights", property(_weights_by_name, _pass_over))  # noqa: B010 - mypy


def _weights_by_name(module: Any) -> list[Tensor | None]:
    return [getattr(module, name, None) for name in module._flat_weights_names]


def _pass_over(module: Any, weights: list[Tensor | None]) -> None:
    """The list is made anew at every look, so there is nothing to set."""


def refuse_strangers(module: nn.Module) -> None:
    """Stop at weights that something else than one mask makes.

    Raises:
        InputError: there is such a weight.
    """
    for name, kinds in getattr(module, "parametrizations", {}).items():
        if mask_of(module, name) is None:
            by = ", ".join(type(kind).__name__.strip("_") for kind in kinds)
            raise InputError(
                f"the weight '{name}' of a {type(module).__name__.removeprefix('Parametrized')} is parametrised by "
                f"{by}: make it a plain weight with torch.nn.utils.parametrize.remove_parametrizations, or ignore it"
            )


def bake_(model: nn.Module) -> tuple[str, ...]:
    """Turn masked weights into plain ones that hold zeros; the state dict has its published layout again.

    Parameters stay the objects that they were, in the order that they had. Nothing keeps the zeros from then on; a copy
    of the model with masks is not touched. (In torch 2.13 ``remove_parametrizations`` breaks such copies: it
    takes the weight out of the class that they share.)

    Args:
        model: any module, changed in place.

    Returns:
        Names of the weights that had a mask.

    Raises:
        InputError: no weight has a mask, or one is parametrised by something else as well.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> put_mask_(((layer, "weight"),), torch.tensor([[True, False]]))
    >>> bake_(layer), list(layer.state_dict())
    (('weight',), ['weight'])
    """
    masked = [(name, module) for name, module in model.named_modules() if "_order_before_masks" in module.__dict__]
    if not masked:
        raise InputError(f"{type(model).__name__} has no masks to bake: its weights are plain already")
    for _, module in masked:
        refuse_strangers(module)
    baked = [f"{at}.{name}" if at else name for at, module in masked for name in module.parametrizations]
    for _, module in masked:
        _bake(module)
    return tuple(baked)


@torch.no_grad()
def _bake(module: nn.Module) -> None:
    weights = {name: stored(module, name) for name in module.parametrizations}  # type: ignore[union-attr]
    for name, weight in weights.items():
        mask = mask_of(module, name)
        assert mask is not None
        weight.masked_fill_(mask.mask == 0, 0)
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    weights = {**module._parameters, **weights}  # type: ignore[dict-item]
    order = [*module.__dict__.pop("_order_before_masks"), *weights]
    module._parameters = {name: weights[name] for name in dict.fromkeys(order)}
    if isinstance(module, nn.RNNBase):
        module._init_flat_weights()
