"""Augmentations by name, and from the plain data of a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from burnish.common.errors import InputError, unknown
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import Brightness, Contrast, Hue, PcaShift, Saturation
from burnish.data.augment.geometry import (
    CentreCrop,
    Fit,
    HorizontalFlip,
    RandomCrop,
    Rescale,
    ResizedCrop,
    Rotate,
    Shear,
    Stretch,
    Translate,
    VerticalFlip,
)
from burnish.data.augment.mixing import OPERATIONS as MIXERS
from burnish.data.augment.operation import Operation
from burnish.data.augment.pixels import Blur, Cutout, GaussianNoise, SaltAndPepper
from burnish.data.augment.reading import read_operation
from burnish.data.augment.resample import Fill

OPERATIONS: dict[str, type[Operation]] = {
    operation.name: operation
    for operation in (
        Blur,
        Brightness,
        CentreCrop,
        Contrast,
        Cutout,
        Fit,
        GaussianNoise,
        HorizontalFlip,
        Hue,
        PcaShift,
        RandomCrop,
        Rescale,
        ResizedCrop,
        Rotate,
        SaltAndPepper,
        Saturation,
        Shear,
        Stretch,
        Translate,
        VerticalFlip,
    )
} | dict(MIXERS)
"""Every operation on images by its name; those that mix two samples happen after the others."""

PRESETS = ("none", "flip-crop", "light", "medium", "heavy")

SMALL = 64
"""Images up to this shorter side are shifted under their border, larger ones cropped and resized."""


def preset(name: str, shape: Sequence[int]) -> Augmentation:
    """An augmentation by name, made for images of a size.

    Distances in pixels are meant for photos of some 224 pixels. Here the furthest shift is 10 pixels or an eighth of
    the shorter side, whichever is less: 4 pixels on 32x32, as is usual there. Grey images get no hue and saturation.

    Args:
        name: one of :data:`PRESETS`.
        shape: ``(C, H, W)`` of the model's input.

    Raises:
        InputError: there is no such preset, or the shape is not that of an image.
    """
    if name not in PRESETS:
        raise unknown("augmentation", name, (*PRESETS, *OPERATIONS))
    if len(shape) != 3:
        raise InputError(f"augmentation '{name}' changes images (C, H, W), and these samples have {tuple(shape)}")
    side, colourful = min(shape[1:]), shape[0] == 3
    shift, small = min(10.0, side / 8), side <= SMALL

    def crop(area: float) -> Operation:
        return RandomCrop(padding=round(shift)) if small else ResizedCrop(area=(area, 1.0))

    def colours(amount: float, hue: float) -> list[Operation]:
        always: list[Operation] = [Brightness(amount=amount), Contrast(amount=amount)]
        return [*always, Saturation(amount=amount), Hue(amount=hue)] if colourful else always

    made: list[Operation] = []
    if name == "flip-crop":
        made = [crop(0.08), HorizontalFlip()]
    elif name == "light":
        made = [crop(0.5), HorizontalFlip(), *colours(0.2, 0.02)]
    elif name == "medium":
        made = [crop(0.35), HorizontalFlip(), Rotate(degrees=(-15.0, 15.0), probability=0.5)]
        if small:
            made += [Rescale(factor=(1 / 1.2, 1.2), probability=0.5)]
        made += [*colours(0.3, 0.05), Cutout(share=0.3, probability=0.5)]
    elif name == "heavy":
        made = [] if small else [ResizedCrop(area=(0.25, 1.0))]
        made += [HorizontalFlip(), Rotate(degrees=(-30.0, 30.0)), Translate(pixels=shift)]
        made += [Rescale()] if small else []
        made += [Shear(), Stretch(), *colours(0.4, 0.1)]
        made += [
            GaussianNoise(probability=0.3),
            Blur(sigma=(0.1, min(2.0, 0.3 + side / 64)), probability=0.2),
            Cutout(share=0.4),
        ]
    return Augmentation(tuple(made))


def parse(spec: str | Sequence[str | Mapping[str, Any]], shape: Sequence[int] = (3, 224, 224)) -> Augmentation:
    """An augmentation from what a recipe or the command line says.

    Args:
        spec: the name of a preset; names of operations with commas between; or a list of names of operations and
            of tables with a name and fields. A table named ``fill`` says what lies outside of images.
        shape: ``(C, H, W)`` of the model's input, for the presets.

    Raises:
        InputError: a name or field is unknown, or a value cannot be.

    >>> parse([{"name": "rotate", "degrees": [0, 15], "probability": 0.5}, "horizontal-flip"]).to_list()[0]
    {'name': 'rotate', 'probability': 0.5, 'degrees': [0.0, 15.0]}
    """
    if isinstance(spec, str):
        names = [name.strip() for name in spec.split(",")]
        if len(names) == 1 and names[0] not in OPERATIONS:
            return preset(names[0], shape)
        spec = names
    if not isinstance(spec, Sequence):
        raise InputError(f"augmentation must be a name or a list of operations, got {type(spec).__name__} {spec!r}")
    fill: Fill = "zero"
    operations = []
    for entry in spec:
        if isinstance(entry, Mapping) and entry.get("name") == "fill":
            fill = _fill(entry)
        else:
            operations.append(_operation(entry))
    return Augmentation(tuple(operations), fill)


def _fill(entry: Mapping[str, Any]) -> Fill:
    outside = entry.get("outside")
    if outside not in get_args(Fill) or len(entry) != 2:
        raise InputError(f"fill takes outside = {' | '.join(get_args(Fill))}, got {dict(entry)}")
    return cast(Fill, outside)


def _operation(entry: str | Mapping[str, Any]) -> Operation:
    name = entry.get("name") if isinstance(entry, Mapping) else entry
    if name in PRESETS:
        raise InputError(f"'{name}' is a preset, which stands alone: list operations ({', '.join(OPERATIONS)})")
    return read_operation(entry, OPERATIONS)
