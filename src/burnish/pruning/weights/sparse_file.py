"""Files that hold a pruned model in little more than its remaining weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.weights.encoding import decode, encode
from burnish.pruning.weights.plain_state import plain_state

_ENTRY = 256  # bytes that one more entry takes in the header of the file, and then some
_VALUES, _PLACES = "values of ", "places of "


def save_sparse(model: nn.Module, path: Path | str) -> int:
    """Write the weights of a model, each tensor sparse or dense, whichever is smaller; atomically, as safetensors.

    Names are those of the plain model, whether its masks are baked or not. Tied weights are stored once. The file
    cannot hold code, and every reader of safetensors can open it; tensors stored sparse are two entries there.

    Args:
        model: any module, on any device.
        path: the file; its folder exists.

    Returns:
        Bytes of the file.

    Raises:
        InputError: the state dict holds something other than tensors.
        OSError: the disk is full or not writable; the file is then as it was.

    >>> import tempfile
    >>> layer = nn.Linear(64, 64, bias=False)
    >>> _ = nn.init.eye_(layer.weight)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_sparse(layer, Path(folder) / "model.safetensors") < 0.2 * layer.weight.nbytes
    True
    """
    from safetensors.torch import save

    from burnish.common.files import write_atomically

    parts: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    sparse: dict[str, dict[str, Any]] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for name, (tensor, identity) in plain_state(model).items():
        if tensor.numel() and identity in seen:
            aliases[name] = seen[identity]
            continue
        seen[identity] = name
        dense = tensor.detach().cpu().contiguous()
        encoded = encode(dense)
        if encoded is None or encoded[0].nbytes + encoded[2].nbytes + _ENTRY > dense.nbytes:
            parts[name] = dense.clone()
        else:
            parts[_VALUES + name], kind, parts[_PLACES + name] = encoded
            sparse[name] = {"places": kind, "shape": list(dense.shape)}
    content = save(parts, metadata={"aliases": json.dumps(aliases), "sparse": json.dumps(sparse)})
    write_atomically(Path(path), content)
    return len(content)


def load_sparse(model: nn.Module, path: Path | str) -> None:
    """Read what :func:`save_sparse` wrote into a plain model of the same structure, bit for bit.

    To go on training with the zeros kept, call :func:`burnish.pruning.weights.restoring.mask_zeros_` next.

    Args:
        model: any module without masks, on any device.
        path: the file.

    Raises:
        InputError: the file is missing or damaged, does not fit, or the model has masks.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            parts = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            metadata = file.metadata() or {}
        aliases, sparse = json.loads(metadata.get("aliases", "{}")), json.loads(metadata.get("sparse", "{}"))
        state = {
            name: decode(parts.pop(_VALUES + name), how["places"], parts.pop(_PLACES + name), tuple(how["shape"]))
            for name, how in sparse.items()
        }
        state |= parts
        state |= {name: state[source] for name, source in aliases.items()}
    except FileNotFoundError:
        raise InputError(f"there is no file {path}: give the path that save_sparse wrote to") from None
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the sparse weights {path} are damaged: {error}; save them again") from None
    if any("_order_before_masks" in module.__dict__ for module in model.modules()):
        raise InputError(f"{type(model).__name__} has masks: call bake_(model) before loading plain weights into it")
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        detail = " ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise InputError(f"the sparse weights {path} do not fit {type(model).__name__}: {detail}") from None
