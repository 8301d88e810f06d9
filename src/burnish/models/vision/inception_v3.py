"""Inception v3."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.models.auxiliary import AuxiliaryOutput
from burnish.models.image_model import ImageModel
from burnish.models.published import IMAGENET_MEAN, IMAGENET_STD, Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.inception_blocks import ConvUnit, Stem, levels_of, middle_size, stem_for, stem_note
from burnish.models.vision.inception_v3_blocks import (
    AUXILIARY_SIDE,
    AuxiliaryHead,
    BlockA,
    BlockB,
    BlockC,
    BlockD,
    BlockE,
)

_NAME = "inception-v3"
_HALF = (0.5, 0.5, 0.5)
_BLOCKS = tuple(f"Mixed_{block}" for block in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"))


class InceptionV3(ImageModel):
    """Blocks of convolutions taken apart into smaller and one-dimensional ones, at three resolutions.

    Source: Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision", arXiv:1512.00567, in the
    form that Google published and torchvision has. Changed: small images take a stem of stride 2; weights start after
    He et al. 2015 (arXiv:1502.01852), since torchvision's N(0, 0.1^2) has a network that is not yet fitted answer with
    10^12 in evaluation.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width, which choose the stem.
        stem: ``imagenet`` is the published one, of stride 8; ``small`` pads its convolutions, has stride 1 in the
            first and one pooling in place of two; ``auto`` takes the small one for images of at most 64 pixels, and
            for those the other is too large for.
        aux_heads: a second classifier while training (weight 0.4).
        dropout: chance that a feature is left out before the last layer.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, num_classes)``; in training mode with ``aux_heads`` an
        :class:`~burnish.models.auxiliary.AuxiliaryOutput` of two such.

    Raises:
        InputError: a side is below 75 with the ``imagenet`` stem, or below 13.

    >>> sum(p.numel() for p in InceptionV3(1000, 3, (299, 299), aux_heads=False).parameters())
    23834568
    """

    head_names = ("fc", "AuxLogits.fc")

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        aux_heads: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        chosen = stem_for(_NAME, stem, input_size)
        small = chosen == "small"
        self.Conv2d_1a_3x3 = ConvUnit(in_channels, 32, 3, stride=1 if small else 2, valid=not small)
        self.Conv2d_2a_3x3 = ConvUnit(32, 32, 3, valid=not small)
        self.Conv2d_2b_3x3 = ConvUnit(32, 64, 3)
        self.maxpool1 = nn.Identity() if small else nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = ConvUnit(64, 80, 1)
        self.Conv2d_4a_3x3 = ConvUnit(80, 192, 3, valid=not small)
        self.maxpool2 = nn.MaxPool2d(3, 2, padding=1 if small else 0)
        self.Mixed_5b = BlockA(192, 32)
        self.Mixed_5c = BlockA(256, 64)
        self.Mixed_5d = BlockA(288, 64)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b = BlockC(768, 128)
        self.Mixed_6c = BlockC(768, 160)
        self.Mixed_6d = BlockC(768, 160)
        self.Mixed_6e = BlockC(768, 192)
        self.AuxLogits = AuxiliaryHead(768, num_classes) if aux_heads else None
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b = BlockE(1280)
        self.Mixed_7c = BlockE(2048)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)
        widths = {"Conv2d_2b_3x3": 64, "Conv2d_4a_3x3": 192, "Mixed_5d": 288, "Mixed_6e": 768, "Mixed_7c": 2048}
        self.levels = levels_of(widths, chosen)
        if small:
            self.notes = (stem_note(_NAME, input_size),)
        if aux_heads and min(middle_size(chosen, side) for side in input_size) < AUXILIARY_SIDE:
            height, width = input_size
            self.notes += (f"the auxiliary head of {_NAME} averages its maps to 5x5 for {height}x{width} images",)

    def stages(self) -> dict[str, tuple[str, ...]]:
        stem = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
        return {"stem": stem, **{name: (name,) for name in _BLOCKS}, "head": ("fc", "AuxLogits")}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        first_BCHW = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x_BCHW)))
        second_BCHW = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(first_BCHW)))
        third_BCHW = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(second_BCHW))))
        fourth_BCHW = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(third_BCHW)))
        fourth_BCHW = self.Mixed_6e(self.Mixed_6d(fourth_BCHW))
        fifth_BCHW = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(fourth_BCHW)))
        return [first_BCHW, second_BCHW, third_BCHW, fourth_BCHW, fifth_BCHW][-len(self.levels) :]

    def forward(self, x_BCHW: Tensor) -> Tensor | AuxiliaryOutput:
        *_, middle_BCHW, last_BCHW = self.features(x_BCHW)
        logits: Tensor = self.fc(self.dropout(last_BCHW.mean(dim=(2, 3))))
        if self.AuxLogits is None or not self.training:
            return logits
        return AuxiliaryOutput(logits, (self.AuxLogits(middle_BCHW),), 0.4)


@register(
    "inception_v3",
    kinds=("image",),
    paper="Szegedy et al. 2015, arXiv:1512.00567",
    native_size=299,
    summary="large filters taken apart into small and one-dimensional ones",
    published=(
        Published(
            "torchvision:inception_v3",
            "inception_v3_google-0cc3c7bd.pth",
            Preparation(299, 342, "bilinear", _HALF, _HALF),
        ),
        Published(
            "timm:inception_v3.gluon_in1k",
            preparation=Preparation(299, 341, "bicubic", IMAGENET_MEAN, IMAGENET_STD),
        ),
        Published("timm:inception_v3.tf_in1k", preparation=Preparation(299, 341, "bicubic", _HALF, _HALF)),
    ),
)
def inception_v3(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    aux_heads: bool = True,
    dropout: float = 0.5,
) -> nn.Module:
    """Inception v3, with an auxiliary classifier while training."""
    return InceptionV3(num_classes, in_channels, input_size or (299, 299), stem, aux_heads, dropout)
