"""A tensor that is mostly zeros, as its values and where they are."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from burnish.common.errors import InputError

Places = Literal["bitmask", "gaps"]

_SKIP = 255
_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def encode(tensor: Tensor) -> tuple[Tensor, Places, Tensor] | None:
    """The values that are not zero, and their places in the smaller of two forms; None where dense is smaller still.

    Source: Han et al. 2016, "Deep Compression", arXiv:1510.00149, section 2: the distance from one value to the next in
    few bits; here 8, and the largest number skips on instead of storing a zero. The other form is one bit for every
    number of the tensor, smaller below about 88 % of zeros. Zero means no bit set: minus zero is kept as a value.

    Args:
        tensor: on the CPU; anything but complex128.

    Returns:
        Values ``(count,)``; how their places are written; places as bytes.

    >>> values, kind, places = encode(torch.tensor([0.0, 0.0, 5.0] + [0.0] * 300 + [7.0]))
    >>> values.tolist(), kind, places.tolist()
    ([5.0, 7.0], 'gaps', [2, 255, 45])
    """
    flat = tensor.contiguous().flatten()
    if flat.element_size() not in _BITS or not flat.numel():
        return None
    filled = flat.view(_BITS[flat.element_size()]) != 0
    values = flat[filled]
    places, mask_bytes = _gaps(filled), (flat.numel() + 7) // 8
    kind: Places = "gaps" if places.numel() < mask_bytes else "bitmask"
    if kind == "bitmask":
        places = _pack(filled)
    if values.nbytes + places.nbytes >= flat.nbytes:
        return None
    return values, kind, places


def decode(values: Tensor, kind: str, places: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What :func:`encode` was given, bit for bit.

    Args:
        values: ``(count,)``.
        kind: ``bitmask`` or ``gaps``.
        places: bytes.
        shape: of the tensor.

    Raises:
        InputError: the parts do not fit each other.
    """
    size = torch.Size(shape).numel()
    if kind == "bitmask" and places.numel() == (size + 7) // 8:
        filled = _unpack(places)
        index = filled[:size].nonzero().flatten() if not filled[size:].any() else None
    elif kind == "gaps":
        steps = torch.where(places == _SKIP, _SKIP, places.long() + 1)
        index = (steps.cumsum(0) - 1)[places != _SKIP]
    else:
        index = None
    if index is None or index.numel() != values.numel() or (index.numel() and int(index[-1]) >= size):
        raise InputError(f"{values.numel()} values and {places.numel()} bytes of {kind} give no tensor of {size}")
    flat = torch.zeros(size, dtype=values.dtype)
    flat[index] = values
    return flat.view(shape)


def _gaps(filled: Tensor) -> Tensor:
    index = filled.nonzero().flatten()
    gaps = index.diff(prepend=index.new_tensor([-1])) - 1
    skips = gaps // _SKIP
    ends = (skips + 1).cumsum(0)
    places = torch.full((int(ends[-1]) if len(ends) else 0,), _SKIP, dtype=torch.uint8)
    places[ends - 1] = (gaps % _SKIP).to(torch.uint8)
    return places


_POWERS = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.uint8)


def _pack(filled: Tensor) -> Tensor:
    padded = torch.nn.functional.pad(filled.to(torch.uint8), (0, -filled.numel() % 8))
    return (padded.view(-1, 8) * _POWERS).sum(dim=1, dtype=torch.uint8)


def _unpack(places: Tensor) -> Tensor:
    return (places.view(-1, 1) & _POWERS).ne(0).flatten()
