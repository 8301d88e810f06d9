"""Wide residual networks for small images: WRN-16-4 to WRN-40-4."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from torch import nn

from burnish.common.errors import InputError
from burnish.models.registry import register
from burnish.models.vision.preactivation_blocks import PreActivationBasicBlock
from burnish.models.vision.resnet_v2 import ResNetV2


class WideResNet(ResNetV2):
    """Three stages of pre-activation blocks, fewer and wider than those of a ResNet.

    Source: Zagoruyko & Komodakis 2016, "Wide residual networks", arXiv:1605.07146, table 1.

    Args:
        depth: convolutions, those of the shortcuts included, ``6 n + 4``.
        widening: channels to those of the CIFAR ResNet: ``16 k``, ``32 k`` and ``64 k``.
        num_classes: outputs.
        in_channels: channels of the image.
        dropout: share of the values left out between the two convolutions of a block while training (section 2.4).

    Shape:
        ``(batch, in_channels, H, W)`` of any size to ``(batch, num_classes)``.

    Raises:
        InputError: a depth that is not ``6 n + 4``, a widening below 1, or a dropout outside [0, 1).

    >>> sum(p.numel() for p in WideResNet(16, 4, 10, 3).parameters())
    2748890
    """

    renames: ClassVar[tuple[tuple[str, str], ...]] = (
        (r"(?:module\.)?conv1\.(.+)", r"features.conv.\1"),
        (r"(?:module\.)?block(\d)\.layer\.(\d+)\.convShortcut\.(.+)", r"features.layer\1.\2.downsample.conv.\3"),
        (r"(?:module\.)?block(\d)\.layer\.(\d+)\.bn(\d)\.(.+)", r"features.layer\1.\2.norm\3.\4"),
        (r"(?:module\.)?block(\d)\.layer\.(\d+)\.conv(\d)\.(.+)", r"features.layer\1.\2.conv\3.\4"),
        (r"(?:module\.)?bn1\.(.+)", r"features.norm.\1"),
        (r"module\.fc\.(.+)", r"fc.\1"),
    )

    def __init__(self, depth: int, widening: int, num_classes: int, in_channels: int, dropout: float = 0.0) -> None:
        if depth < 10 or (depth - 4) % 6:
            raise InputError(f"the depth of a wide ResNet must be 6 n + 4 (10, 16, 22, ...), got {depth}")
        if widening < 1:
            raise InputError(f"widening must be at least 1, got {widening}: it multiplies the channels 16, 32 and 64")
        if not 0 <= dropout < 1:
            raise InputError(f"dropout must lie in [0, 1), got {dropout}: it is the share of values left out")
        super().__init__(
            partial(PreActivationBasicBlock, dropout=dropout),
            [(depth - 4) // 6] * 3,
            num_classes,
            in_channels,
            stem_width=16,
            width=16 * widening,
            small_stem=True,
        )


def _register(depth: int, widening: int) -> None:
    @register(
        f"wrn-{depth}-{widening}",
        kinds=("image",),
        paper="Zagoruyko & Komodakis 2016, arXiv:1605.07146",
        native_size=32,
        summary=f"wide residual network for small images, {depth} layers, {widening} times as wide",
    )
    def wide_resnet(
        num_classes: int, in_channels: int, input_size: tuple[int, int] | None, dropout: float = 0.0
    ) -> nn.Module:
        """A wide residual network for small images."""
        return WideResNet(depth, widening, num_classes, in_channels, dropout)


for _depth, _widening in ((16, 4), (16, 8), (28, 10), (40, 2), (40, 4)):
    _register(_depth, _widening)
