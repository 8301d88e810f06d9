"""``burnish export``: a run's model as one file that runs without burnish."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from burnish.verbs.interface.options import VerbOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.verbs.exporting.exported import Exported


@dataclass(frozen=True, kw_only=True)
class Export(VerbOptions):
    """Write a run's model as one file that runs without burnish, and check that it answers alike.

    The file takes what the run's model takes: raw inputs, since normalisation is part of the model. It is read back and
    run on real samples before it lands; one that answers otherwise is never written.
    """

    run: Path = field(metadata={"positional": True})
    """Folder of the run."""
    to: Literal["torch", "onnx"] = "torch"
    """torch: a program for plain PyTorch, read by torch.export.load; onnx: for onnxruntime and others."""
    file: Path | None = None
    """File to write. Default: model.pt2 or model.onnx in the run's folder."""
    overwrite: bool = False
    """Replace the file where it exists."""
    batch: int | Literal["dynamic"] = "dynamic"
    """Samples that go in together: any number, or one that is fixed."""
    samples: int = 256
    """Validation samples that the file is checked on."""
    device: str = "cpu"
    """Device that a torch program is made for; ONNX files belong to none."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""


def export(run: Run | str | Path, *, data: Any = None, model: nn.Module | None = None, **options: Any) -> Exported:
    """Write a run's model as one file that runs without burnish.

    Model, mode and random generators are left as they were.

    Args:
        run: a run or its folder.
        data: what the file is checked on, anything that :func:`burnish.data.load` takes. Default: the run's own.
        model: the run's module, where it is the user's own.
        options: the fields of :class:`Export`, such as ``to="onnx"``.

    Returns:
        ``.path``, ``.bytes``, ``.difference`` (the largest on the ``.count`` samples of the check) and ``.notes``.

    Raises:
        InputError: no such run, a model that cannot be traced, a package that is missing, a file that exists or cannot
            be written, or one that does not answer as the model does.
    """
    settings = build(Export, run=getattr(run, "path", run), **options)
    return _export(run, settings, data, model)


def command(options: Export) -> Outcome:
    """Export from the shell."""
    found = _export(options.run, options, None, None)
    return Outcome(found.text(), {"run": str(options.run), **found.to_dict()})


def _export(run: Run | str | Path, options: Export, data: Any, model: nn.Module | None) -> Exported:
    from burnish.runs.subject import opened
    from burnish.verbs.exporting.exporting import check_options, export_with

    check_options(options)
    with opened(run, model, trust=options.trust, device=options.device) as subject:
        return export_with(subject, options, data)
