"""The state dict that a model with masks would have without them."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import Mask, mask_of

_ORIGINAL = re.compile(r"(?:(?P<place>.*)\.)?parametrizations\.(?P<name>[^.]+)\.original")
_MASK = re.compile(r"(?:.*\.)?parametrizations\.[^.]+\.0\.mask")


def plain_state(model: nn.Module) -> dict[str, tuple[Tensor, tuple[Any, ...]]]:
    """Tensors by their names in the published layout, with what tells tied ones from equal ones.

    Masked weights come as the layers see them. The model is not changed.

    Args:
        model: any module.

    Returns:
        For each name the tensor, and a key that two names share where they are one tensor.

    Raises:
        InputError: the state dict holds something other than tensors.

    >>> list(plain_state(nn.Linear(1, 1)))
    ['weight', 'bias']
    """
    plain: dict[str, tuple[Tensor, tuple[Any, ...]]] = {}
    for name, tensor in model.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise InputError(
                f"'{name}' in the state of {type(model).__name__} is a {type(tensor).__name__}: only tensors are kept"
            )
        identity = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        found = _ORIGINAL.fullmatch(name)
        mask = mask_of(model.get_submodule(found["place"] or ""), found["name"]) if found else None
        if found and mask is not None:
            name = f"{found['place']}.{found['name']}" if found["place"] else found["name"]
            tensor = tensor.masked_fill(mask.mask == 0, 0)
        elif _is_mask(model, name):
            continue
        plain[name] = (tensor.detach(), identity)
    return plain


def _is_mask(model: nn.Module, name: str) -> bool:
    if not _MASK.fullmatch(name):
        return False
    return isinstance(model.get_submodule(name.removesuffix(".mask")), Mask)


def dense_bytes(model: nn.Module) -> int:
    """Bytes of all tensors of the published layout, tied ones once.

    >>> dense_bytes(nn.Linear(2, 1))
    12
    """
    return sum({identity: tensor.nbytes for tensor, identity in plain_state(model).values()}.values())
