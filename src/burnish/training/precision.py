"""Number formats and memory layout for a device: what "auto" means here."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.training.options import TrainingOptions

_NOTHING = nullcontext()


@dataclass(frozen=True)
class Precision:
    """What a run computes in: bf16 autocast or not, channels_last or not."""

    bf16: bool
    channels_last: bool
    device_type: str

    def context(self) -> AbstractContextManager[object]:
        """A fresh autocast context, or one that does nothing."""
        return torch.autocast(self.device_type, dtype=torch.bfloat16) if self.bf16 else _NOTHING


@cache
def has_fast_bf16(device_type: str) -> bool:
    """True where bf16 arithmetic is done by the hardware: recent CUDA devices, CPUs with AVX512-BF16 or AMX."""
    if device_type == "cuda":
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    if device_type != "cpu":
        return False
    cpu_info = Path("/proc/cpuinfo")
    flags = cpu_info.read_text() if cpu_info.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def resolve_precision(options: TrainingOptions, schema: Schema, device: torch.device) -> Precision:
    """Decide for one run; images and text gain from bf16 on a CPU, and small tables lose by it.

    Args:
        options: ``precision`` and ``channels_last``, where given, are kept.
        schema: what the data are.
        device: where the model will be.

    Raises:
        InputError: channels_last was asked for data that are not images.

    >>> table = Schema("table", "regression", (4,))
    >>> resolve_precision(TrainingOptions(), table, torch.device("cpu"))
    Precision(bf16=False, channels_last=False, device_type='cpu')
    """
    is_image = schema.kind == "image" and len(schema.input_shape) == 3
    if options.channels_last and not is_image:
        raise InputError(
            f"channels_last needs images (C, H, W), got {schema.kind} inputs of shape {schema.input_shape}"
        )
    gains = is_image or schema.kind == "text"  # rows and points are too small for it
    bf16 = options.precision == "bf16" or (options.precision == "auto" and gains and has_fast_bf16(device.type))
    channels_last = options.channels_last if options.channels_last is not None else bf16 and is_image
    return Precision(bf16, channels_last, device.type)
