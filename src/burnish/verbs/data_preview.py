"""``burnish data preview``: what augmentation does to samples, as a picture, before a fit pays for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.data.options import DataOptions
from burnish.verbs.interface.options import VerbOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from burnish.verbs.previewing.preview import Preview


@dataclass(frozen=True, kw_only=True)
class DataPreview(DataOptions, VerbOptions):
    """Draw training images beside what augmentation makes of them, as one picture.

    The columns are epochs: with the same seed, a fit sees exactly these variants.
    """

    data: str = field(metadata={"positional": True})
    """A name ('burnish data' lists them), or the path of an image folder or an .npz file."""
    augment: str | tuple[Any, ...] = "medium"
    """none, flip-crop, light, medium, heavy, or names of operations."""
    to: Path = Path("preview.png")
    """File to write."""
    samples: int = 8
    """Rows: training samples, of every class in turn."""
    variants: int = 6
    """Columns beside the sample as it is: epochs."""
    seed: int = 0
    """That of the fit: decides the split, the samples that are shown, and what happens to them."""


def preview_data(
    data: Any, augment: Any = "medium", *, kinds: Mapping[str, str] | None = None, **options: Any
) -> Preview:
    """Draw training images beside what augmentation makes of them.

    Args:
        data: anything that :func:`burnish.data.load` takes, or :class:`burnish.data.Data`.
        augment: the name of a preset or an operation, or a list of names and tables.
        kinds: what each target is, where targets are a dict of tensors: ``boxes``, ``keypoints`` and ``mask`` are moved
            and drawn.
        options: the other fields of :class:`DataPreview`; with ``to``, the picture is written as well.

    Returns:
        ``.pixels``, ``(height, width, 3)`` bytes, ``.save(path)``, ``.operations``, ``.samples``.

    Raises:
        InputError: no such data or augmentation, or data that are no images.

    >>> preview_data("digits", "heavy", samples=2, variants=3).pixels.shape[2]
    3
    """
    writes = "to" in options
    given = data if isinstance(data, str) else str(data) if isinstance(data, Path) else None
    augment = augment if isinstance(augment, str) else tuple(augment)
    settings = build(DataPreview, data=given or type(data).__name__, augment=augment, **options)
    preview = _preview(data if given is None else given, settings, kinds)
    if writes:
        preview.save(settings.to)
    return preview


def command(options: DataPreview) -> Outcome:
    """Preview from the shell.

    Raises:
        InputError: no such data or augmentation, or the file cannot be written.
    """
    if options.to.is_dir():
        raise InputError(f"--to names the file of a picture, and {options.to} is a folder: add a name, as in grid.png")
    preview = _preview(options.data, options, None)
    path = preview.save(options.to)
    names = ", ".join(str(operation["name"]) for operation in preview.operations) or "nothing"
    text = f"{len(preview.samples)} samples, {options.variants} variants each: {names}\nwritten to {path}"
    return Outcome(text, {"to": path, "augment": preview.operations, "samples": preview.samples})


def _preview(data: Any, options: DataPreview, kinds: Mapping[str, str] | None) -> Preview:
    from burnish.data import load
    from burnish.verbs.fitting.augmenting import as_spec, augmented_images
    from burnish.verbs.previewing.preview import draw_preview

    reading = DataOptions(**{f.name: getattr(options, f.name) for f in fields(DataOptions)})
    loaded = load(data, options=reading, seed=options.seed)
    if loaded.schema.kind != "image":
        raise InputError(f"a preview shows images, and {loaded.name} is {loaded.schema.kind} data")
    spec = as_spec(options.augment)
    operations, source = augmented_images(spec, loaded, options.seed, kinds=kinds)
    name = spec if isinstance(spec, str) else ", ".join(str(operation["name"]) for operation in operations)
    return draw_preview(
        loaded,
        source,
        title=f"{loaded.name}   {name or 'none'}   seed {options.seed}",
        operations=operations,
        samples=options.samples,
        variants=options.variants,
        seed=options.seed,
        kinds=kinds,
    )
