"""How a run remembers its model: as plain text that rebuilds the module, never as code to run."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from burnish.data.schema import Schema
    from burnish.models import LoadReport


def record_named(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The record of a zoo model.

    >>> record_named("mlp", {"hidden": (64, 32)})
    {'kind': 'named', 'name': 'mlp', 'options': {'hidden': (64, 32)}}
    """
    return {"kind": "named", "name": name, "options": options}


def record_weights(report: LoadReport) -> dict[str, Any]:
    """What the record of a model says of the weights that it started from: nothing is fetched again to rebuild it.

    >>> from burnish.models import LoadReport
    >>> record_weights(LoadReport("torchvision:resnet18", ("fc.weight",), sha256="f37072fd"))
    {'weights': {'source': 'torchvision:resnet18', 'sha256': 'f37072fd'}}
    """
    known = {"source": report.source, "sha256": report.sha256, "licence": report.licence}
    return {"weights": {name: value for name, value in known.items() if value}}


def record_module(module: nn.Module) -> dict[str, Any]:
    """The record of a user's own module: its import path, as text.

    >>> from torch import nn
    >>> record_module(nn.Flatten())["import"]
    'torch.nn.modules.flatten:Flatten'
    """
    return {
        "kind": "module",
        "name": type(module).__name__,
        "import": f"{type(module).__module__}:{type(module).__qualname__}",
    }


def build(record: dict[str, Any], schema: Schema, *, trust: bool = False) -> nn.Module:
    """The module of a record, with fresh weights; drawing them moves the global generators.

    Args:
        record: what :func:`record_named` or :func:`record_module` gave.
        schema: of the run's data.
        trust: follow the import path of a user's own module.

    Raises:
        InputError: it is a user's own module and ``trust`` was not given, or it cannot be imported or called.
    """
    if record["kind"] == "named":
        from burnish.models import for_data

        return for_data(record["name"], schema, **record["options"])
    path: str = record["import"]
    if not trust:
        raise InputError(
            f"this run's model is your own module {path}: pass it as load_run(path, model=YourModule(...)), "
            "or trust=True to import and call that name"
        )
    return import_module(path)


def imported(path: str) -> Any:
    """What ``package.module:name`` names. Modules in the working folder are found too.

    Raises:
        InputError: there is no such name, or importing its module fails.

    >>> imported("math:sqrt")(4.0)
    2.0
    """
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # the console script, unlike python -m, does not look where the user is
    module_name, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"cannot import the model '{path}': {error}; expected package.module:Class") from None
    except Exception as error:  # the user's own code
        raise InputError(f"importing '{module_name}' failed with {type(error).__name__}: {error}") from error
    return found


def import_module(path: str) -> nn.Module:
    """Import ``package.module:Class`` and call it without arguments. Modules in the working folder are found too.

    Raises:
        InputError: there is no such name, it cannot be called so, or it gives no module.

    >>> import_module("torch.nn:Flatten")
    Flatten(start_dim=1, end_dim=-1)
    """
    from torch import nn

    found = imported(path)
    try:
        built = found() if not isinstance(found, nn.Module) else found
    except TypeError as error:
        raise InputError(
            f"cannot call {path} without arguments: {error}; pass the module from Python instead"
        ) from None
    except Exception as error:
        raise InputError(f"calling {path}() failed with {type(error).__name__}: {error}") from error
    if not isinstance(built, nn.Module):
        raise InputError(f"{path} gives a {type(built).__name__}, expected a torch.nn.Module")
    return built


def save_weights(module: nn.Module, path: Path) -> None:
    """Write the state dict as safetensors, atomically; tied weights are stored once.

    Raises:
        InputError: the state dict holds something other than tensors.
        OSError: the disk is full or not writable; the file is then as it was.
    """
    from safetensors.torch import save
    from torch import Tensor

    from burnish.common.files import write_atomically

    stored: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for name, tensor in module.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise InputError(
                f"'{name}' in the state of {type(module).__name__} is a {type(tensor).__name__}: weights are kept as "
                "tensors alone, so leave extra state out of the state dict"
            )
        key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and key in seen:
            aliases[name] = seen[key]
        else:
            seen[key] = name
            stored[name] = tensor.detach().cpu().contiguous().clone()
    write_atomically(path, save(stored, metadata={"aliases": json.dumps(aliases)}))


def has_shapes_of(module: nn.Module, path: Path) -> bool:
    """Whether a module has the tensors of a weights file, each of the same shape; False where there is no such file.

    >>> from torch import nn
    >>> has_shapes_of(nn.Linear(2, 1), Path("nowhere.safetensors"))
    False
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            stored = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            aliases = json.loads((file.metadata() or {}).get("aliases", "{}"))
    except (FileNotFoundError, SafetensorError, ValueError):
        return False
    own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    sparse = ("values of ", "places of ")  # single weights that went change no shape
    known = {name.removeprefix(sparse[0]).removeprefix(sparse[1]) for name in stored} | set(aliases)
    dense = {name: shape for name, shape in stored.items() if not name.startswith(sparse)}
    return set(own) <= known and all(own.get(name) == shape for name, shape in dense.items())


def load_weights(module: nn.Module, path: Path) -> None:
    """Read what :func:`save_weights` wrote into a module of the same structure, on whatever device it is.

    Raises:
        InputError: the file is missing or damaged, or does not fit the module (the first names are listed).
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if "sparse" in metadata:
                from burnish.pruning.weights import load_sparse

                load_sparse(module, path)
                return
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            aliases = json.loads(metadata.get("aliases", "{}"))
        state |= {name: state[source] for name, source in aliases.items()}
    except FileNotFoundError:
        raise InputError(
            f"there are no weights at {path}: the run did not finish; burnish fit --resume {path.parent}"
        ) from None
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"weights {path} are damaged: {error}; evaluate another run, or fit again") from None
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        detail = " ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise InputError(f"weights {path} do not fit {type(module).__name__}: {detail}") from None
