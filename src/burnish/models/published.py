"""Where a model's published weights lie, and how the images they were trained on were prepared."""

from __future__ import annotations

from dataclasses import dataclass

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preparation:
    """How an image becomes an input: resize the shorter side, cut out the centre, normalise.

    Attributes:
        crop: side of the square that goes in, in pixels.
        resize: length of the shorter side before the crop, in pixels.
        interpolation: of the resizing.
        mean: of each channel, on pixels in [0, 1].
        std: of each channel.
    """

    crop: int = 224
    resize: int = 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


@dataclass(frozen=True)
class Published:
    """One set of published weights.

    Attributes:
        source: what a user types: ``torchvision:resnet50``, ``torchvision:resnet50.v2``, ``timm:resnet50.a1_in1k``.
        file: name of the file with the first digits of its sha256, as torchvision writes it
            (``resnet50-0676ba61.pth``); empty for timm, whose hub has one repository a tag.
        preparation: of the images; timm's own configuration, which lies beside its weights, has the last word there.
    """

    source: str
    file: str = ""
    preparation: Preparation = Preparation()
