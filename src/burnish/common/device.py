"""Which device to run on, in the words of the user."""

from __future__ import annotations

import torch

from burnish.common.errors import InputError, did_you_mean

_KINDS = ("cpu", "cuda", "mps")


def resolve_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that exists here.

    ``auto`` is the current CUDA device where there is one, else ``mps``, else the CPU.

    Raises:
        InputError: the device is not a known one, or this machine does not have it.

    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device: torch.device | None
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in _KINDS:
        hint = did_you_mean(name, ("auto", *_KINDS))
        raise InputError(f"unknown device '{name}'{hint}: expected auto, cpu, cuda, cuda:N or mps")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            found = f"{count} CUDA device{'s' if count != 1 else ''}"
            raise InputError(f"device '{name}' was asked for, but torch finds {found} here: use --device cpu or auto")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InputError("device 'mps' was asked for, but torch finds none here: use --device cpu or auto")
    return device
