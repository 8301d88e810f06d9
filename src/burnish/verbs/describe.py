"""``burnish describe``: a model, layer by layer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from burnish.common.errors import InputError
from burnish.verbs.describing.description import Description
from burnish.verbs.describing.usual import usual_classes, usual_shapes
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.models.registry import ModelEntry
    from burnish.runs.run import Run


@dataclass(frozen=True, kw_only=True)
class Describe(VerbOptions):
    """Show a model layer by layer: output sizes, parameters, multiply-adds, receptive field and memory."""

    subject: str = field(metadata={"positional": True})
    """Name of a model (see 'burnish models'), folder of a run, or package.module:Class of your own."""
    input: str = ""
    """Shape of one input without the batch: 3x224x224 for an image, 13 for a table row or a text of 13 symbols; add
    :int64 for symbols that go into your own module. Default: what the named model was made for, or the run's data."""
    num_classes: int | None = None
    """Width of the last layer of a named model, or its vocabulary. Default: 1000 for networks made for ImageNet, 65 for
    text, 10 for others."""
    model_option: dict[str, Any] = field(default_factory=dict)
    """Option of a named model, as name=value."""
    depth: int | Literal["auto", "all"] = "auto"
    """Levels of containers to open in the table: a number, all, or auto for as many as leave it readable. The JSON
    always holds every layer."""
    svg: Path | None = None
    """File that a drawing of the network is written to."""
    latency: bool = False
    """Also measure the time of one forward, on one thread."""
    trust: bool = False
    """Import a run's own module by the path that the run recorded."""


def command(options: Describe) -> Outcome:
    """Describe a model, and draw it where a file was named.

    Raises:
        InputError: the depth is no positive number, or the drawing cannot be written.
    """
    if isinstance(options.depth, int) and options.depth < 1:
        raise InputError(f"depth must be at least 1, auto or all, got {options.depth}")
    if options.svg is not None and options.svg.is_dir():
        raise InputError(f"--svg names the file of a drawing, and {options.svg} is a folder")
    found = _describe(
        options.subject, options.input, options.num_classes, options.model_option, options.latency, options.trust
    )
    text, data = found.table(options.depth), found.to_dict()
    if options.svg is not None:
        try:
            options.svg.parent.mkdir(parents=True, exist_ok=True)
            options.svg.write_text(found.svg(), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write the drawing {options.svg}: {error.strerror}") from error
        text += f"\ndrawing      {options.svg}"
        data["svg"] = options.svg
    return Outcome(text, data)


def describe(
    subject: str | Path | Run | nn.Module,
    input: Any = "",
    *,
    num_classes: int | None = None,
    model_option: dict[str, Any] | None = None,
    latency: bool = False,
    trust: bool = False,
) -> Description:
    """Describe a model from Python; the options are those of :class:`Describe`.

    Args:
        subject: a module, a run or its folder, a model's name, or ``package.module:Class``.
        input: a shape without the batch, ``"3x32x32"`` or ``(3, 32, 32)``, or an example as
            :func:`burnish.models.count` takes it.
        num_classes: width of a named model's last layer.
        model_option: a named model's own options.
        latency: also measure the time of one forward.
        trust: import a run's own module by the path that the run recorded.

    Raises:
        InputError: the subject is not a model, the input does not fit it, or the forward fails (the layer is named).

    >>> describe("lenet5", "1x32x32").counts.parameters
    61706
    """
    return _describe(subject, input, num_classes, model_option or {}, latency, trust)


def _describe(
    subject: Any, given: Any, num_classes: int | None, model_option: dict[str, Any], latency: bool, trust: bool
) -> Description:
    import torch

    from burnish.models import count, measure_latency, notes

    example = _example(given)
    name = subject if isinstance(subject, str) else type(subject).__name__
    if isinstance(subject, torch.nn.Module):
        model = subject
    elif not isinstance(subject, str) or _is_run(subject):
        model, example, name = _run(subject, example, trust)
    elif ":" in subject:
        from burnish.runs.model_record import import_module

        model = import_module(subject)
    else:
        model, example = _named(subject, example, num_classes, model_option, on_meta=not latency)
    if example is None:
        raise InputError(
            f"the input of {name} is not known: give the shape of one, without the batch (--input 3x64x64)"
        )
    leaves = [leaf for leaf in torch.utils._pytree.tree_leaves(example) if isinstance(leaf, torch.Tensor)]
    measured = measure_latency(model, example) if latency else None
    return Description(name, tuple(tuple(leaf.shape) for leaf in leaves), count(model, example), notes(model), measured)


def _example(given: Any) -> Any:
    """An input of batch 1 for a shape; an example as it is; None where nothing was given."""
    import torch

    if isinstance(given, tuple) and given and all(isinstance(size, int) for size in given):
        given = "x".join(map(str, given))
    if not isinstance(given, str):
        return given
    if not given:
        return None
    found = re.fullmatch(r"([1-9]\d*(?:x[1-9]\d*)*)(?::(int64|float32))?", given.strip().lower())
    if found is None:
        raise InputError(
            f"the input must be a shape without the batch, such as 3x224x224, 13 or 128:int64, got '{given}'"
        )
    shape = tuple(int(size) for size in found[1].split("x"))
    return torch.zeros(1, *shape, dtype=getattr(torch, found[2] or "float32"))


def _is_run(subject: str) -> bool:
    return (Path(subject) / "config.toml").exists() or (":" not in subject and len(Path(subject).parts) > 1)


def _run(subject: Any, example: Any, trust: bool) -> tuple[nn.Module, Any, str]:
    import torch

    from burnish.runs import load_run

    run = load_run(subject, trust=trust)
    if example is None:
        dtype = torch.int64 if run.schema.kind == "text" else torch.float32
        example = torch.zeros(1, *run.schema.input_shape, dtype=dtype)
    return run.model, example, str(run.path)


def _named(
    name: str, example: Any, num_classes: int | None, model_option: dict[str, Any], on_meta: bool
) -> tuple[nn.Module, Any]:
    import torch

    from burnish.models import create, entry

    found = entry(name)
    shape = _shape(found, example)
    is_text = "text" in found.kinds
    if is_text:
        example = torch.zeros(1, *shape, dtype=torch.int64)
    elif example is None:
        example = torch.zeros(1, *shape)
    with torch.device("meta" if on_meta else "cpu"):  # counting needs shapes, not memory
        model = create(
            name,
            num_classes=usual_classes(found) if num_classes is None else num_classes,
            in_channels=1 if is_text else shape[0],
            input_size=(shape[1], shape[2]) if len(shape) == 3 else None,
            **model_option,
        )
    return model, example


def _shape(found: ModelEntry, example: Any) -> tuple[int, ...]:
    """Shape of one input of a named model, given or the one it was made for."""
    usual = usual_shapes(found)
    if example is None:
        return usual[found.kinds[0]]
    shape = tuple(getattr(example, "shape", ())[1:])
    if len(shape) not in {len(known) for known in usual.values()}:
        expected = dict.fromkeys("x".join(map(str, known)) for known in usual.values())
        raise InputError(
            f"{found.name} takes {' or '.join(found.kinds)} data: --input {' or '.join(expected)} "
            f"is expected, got {'x'.join(map(str, shape)) or 'something else'}"
        )
    return shape
