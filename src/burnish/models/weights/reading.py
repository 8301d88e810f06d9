"""Reading a file of weights without running anything that is in it."""

from __future__ import annotations

import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError

_HOLDERS = ("state_dict", "model_state_dict", "model", "net", "weights", "params")
_WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name: safetensors, or whatever ``torch.save`` wrote of tensors alone.

    A checkpoint that holds the state dict under a usual name (``state_dict``, ``model`` ...) is looked into. Tensors
    may lie in the file still, and are read when they are copied.

    Raises:
        InputError: the file is damaged, holds no tensors, or could only be read by running code that is in it.
    """
    try:
        found = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    state = {name: value for name, value in _innermost(found).items() if isinstance(value, Tensor)}
    if not state:
        holds = f"it has {', '.join(map(str, list(found)[:5]))}" if isinstance(found, Mapping) else "it is none"
        raise InputError(f"{path} holds no weights: expected a dict of tensors, {holds or 'it is empty'}")
    return state


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            aliases = json.loads((file.metadata() or {}).get("aliases", "{}"))  # burnish stores tied weights once
            return state | {name: state[source] for name, source in aliases.items()}
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path} is damaged: {error}; fetch it again") from None


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about protocols and old storages: either it can be read or not
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except OSError:
        raise
    except Exception as error:  # damaged pickles raise anything
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and asked:
            raise InputError(
                f"{path} holds more than weights ({asked[1]}), and reading that would run code from the file: save the "
                "tensors alone, torch.save(model.state_dict(), FILE)"
            ) from None
        if "TorchScript" in str(error):
            raise InputError(f"{path} is a TorchScript program, not weights: save model.state_dict() instead") from None
        raise InputError(f"{path} is damaged, or no file of weights ({type(error).__name__}): fetch it again") from None


def _innermost(found: Any) -> Mapping[str, Any]:
    while isinstance(found, Mapping):
        inside = next((found[name] for name in _HOLDERS if isinstance(found.get(name), Mapping)), None)
        if inside is None:
            return found
        found = inside
    return {}


def layouts(state: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """A state dict as it is, then without each name that all of it lies below.

    Wrappers put such names in front: ``module.`` (data parallel), ``model.`` (Lightning, burnish's own input layer);
    those that ``torch.compile`` and sharding put in the middle are always left out.

    >>> [list(names) for names in layouts({"module.fc.weight": torch.zeros(1)})]
    [['module.fc.weight'], ['fc.weight'], ['weight']]
    """
    current = {_WRAPPERS.sub("", name): tensor for name, tensor in state.items()}
    while True:
        yield current
        first = {name.partition(".")[0] for name in current}
        if "model" in first and first <= {"model", "input", "output"}:
            first = {"model"}
        if len(first) != 1 or not all("." in name for name in current):
            return
        prefix = f"{first.pop()}."
        current = {name.removeprefix(prefix): tensor for name, tensor in current.items() if name.startswith(prefix)}
