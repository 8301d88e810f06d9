"""What ``export`` does: trace, write into memory, read back, compare, and only then let the file land."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.common.module_state import untouched
from burnish.runs.subject import Subject
from burnish.verbs.export import Export
from burnish.verbs.exporting import onnx_file, torch_file
from burnish.verbs.exporting.comparing import Comparison, compare
from burnish.verbs.exporting.exported import Exported
from burnish.verbs.exporting.sources import Probe, probe_of
from burnish.verbs.exporting.tracing import traced

_SUFFIX = {"torch": ".pt2", "onnx": ".onnx"}
_DENSE = "removed single weights are zeros in the file: it is as large as before, but a packer shrinks it"
_SPARSE = 0.3
"""Share of zeros from which weights count as removed."""
_NEEDED = ("onnx", "onnxscript", "onnxruntime")


def check_options(options: Export) -> None:
    """Refuse what cannot be, before anything is loaded.

    Raises:
        InputError: a number below 1, a device for a file that belongs to none, or a package that is missing.
    """
    for name in ("batch", "samples"):
        value = getattr(options, name)
        if isinstance(value, int) and value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if options.to == "onnx":
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise InputError(f"--to onnx needs {', '.join(missing)}: pip install 'burnish[onnx]', or use --to torch")
        if options.device != "cpu":
            raise InputError(f"an ONNX file belongs to no device, got --device {options.device}: leave it out")


def export_with(subject: Subject, options: Export, data: Any) -> Exported:
    """Export a run that is open.

    Args:
        subject: the run, with its model in evaluation mode on its device.
        options: what is asked for; :func:`check_options` has looked at them.
        data: what the file is checked on; None for the run's own.

    Raises:
        InputError: as :func:`burnish.export` says.
    """
    path = target_of(subject.run.path, options)
    probe = probe_of(subject, options.samples, data)
    module = without_masks(probe.module)
    about = json.dumps(_about(subject, probe))
    with untouched(module):
        program = traced(module, probe.inputs, options.batch)
        if options.to == "torch":
            content = torch_file.content_of(program, about)
            answer = torch_file.read(content)
        else:
            content = onnx_file.content_of(program, about)
            answer = onnx_file.read(content)
        found = compare(module, answer, probe.inputs, options.batch)
    if not found.alike:
        raise InputError(
            f"the exported model answers otherwise than the run's: {found.difference:.3g} apart on {probe.about}, "
            f"where answers go up to {found.largest:.3g}; nothing was written, "
            f"use --to {'torch' if options.to == 'onnx' else 'onnx'}"
        )
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name another file with --file") from None
    return _exported(path, options, len(content), found, probe)


def target_of(folder: Path, options: Export) -> Path:
    """The file to write, where it may be written.

    Raises:
        InputError: it has another ending, exists, is a folder, or has no folder to lie in.
    """
    suffix = _SUFFIX[options.to]
    path = folder / f"model{suffix}" if options.file is None else options.file.expanduser()
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file in it, such as {path / f'model{suffix}'}")
    if path.suffix != suffix:
        raise InputError(f"--to {options.to} writes {suffix} files, got '{path.name}': name it {path.stem}{suffix}")
    if path.exists() and not options.overwrite:
        raise InputError(f"{path} exists: choose another name with --file, or replace it with --overwrite")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder '{path.parent}' to write {path.name} in: make it first")
    return path


def without_masks(module: nn.Module) -> nn.Module:
    """The module, or where masks hold weights at zero a copy with plain weights, zeros among them."""
    from copy import deepcopy

    from burnish.pruning.weights import Mask, bake_

    if not any(isinstance(part, Mask) for part in module.modules()):
        return module
    copied = deepcopy(module)
    bake_(copied)
    return copied


def _about(subject: Subject, probe: Probe) -> dict[str, Any]:
    """What travels in the file: what goes in, what the outputs mean, and which run they came from."""
    from burnish import __version__

    run = subject.run
    return {
        "run": run.path.name,
        "model": run.config["model"].get("name"),
        "task": run.task.name,
        "schema": run.schema.to_dict(),
        "inputs": _described(probe.inputs, "batch"),
        "burnish": __version__,
    }


def _described(tensor: Tensor, first: object) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} [{', '.join(map(str, (first, *tensor.shape[1:])))}]"


def _exported(path: Path, options: Export, size: int, found: Comparison, probe: Probe) -> Exported:
    batch = options.batch if isinstance(options.batch, int) else "batch"
    return Exported(
        path=path,
        to=options.to,
        bytes=size,
        inputs=_described(probe.inputs, batch),
        outputs=tuple(_described(output, batch) if output.ndim else "one number" for output in found.outputs),
        count=len(probe.inputs),
        checked_on=probe.about,
        difference=found.difference,
        largest=found.largest,
        notes=probe.notes + ((_DENSE,) if _is_sparse(probe.module) else ()),
    )


def _is_sparse(module: nn.Module) -> bool:
    weights = [weight for weight in module.parameters() if weight.ndim > 1]
    total = sum(weight.numel() for weight in weights)
    return total > 0 and sum(int((weight == 0).sum()) for weight in weights) > _SPARSE * total
