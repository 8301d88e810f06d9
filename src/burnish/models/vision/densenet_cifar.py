"""DenseNet for small images: DenseNet-40-12 and DenseNet-BC-100-12."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window, smallest_input
from burnish.models.input_size import check_smallest
from burnish.models.registry import register
from burnish.models.vision.densenet import DenseNet, convolution

_SMALLEST = smallest_input(Window(2, stride=2), Window(2, stride=2))


def cifar_densenet(
    depth: int, growth: int, num_classes: int, in_channels: int, dropout: float = 0.0, *, compact: bool = False
) -> DenseNet:
    """Three dense blocks after a 3x3 convolution.

    Source: Huang et al. 2016, "Densely Connected Convolutional Networks", arXiv:1608.06993, section 4.2.

    Args:
        depth: layers with weights: ``3 n + 4``, or ``6 n + 4`` with bottlenecks.
        growth: channels that each layer adds (k).
        num_classes: outputs.
        in_channels: channels of the image.
        dropout: after each convolution but the first; the paper takes 0.2 where images are not augmented.
        compact: DenseNet-BC: bottlenecks of ``4 k`` channels, and transitions that keep half of the channels.

    Returns:
        A model from images ``(B, in_channels, H, W)``, at least 4x4, to ``(B, num_classes)``.

    Raises:
        InputError: a depth that does not fit three blocks, or a growth below 1.

    >>> sum(p.numel() for p in cifar_densenet(40, 12, 10, 3).parameters())
    1019722
    """
    layers, rest = divmod(depth - 4, 6 if compact else 3)
    if rest or layers < 1:
        form = "6 n + 4 (10, 16, 22, ...)" if compact else "3 n + 4 (7, 10, 13, ...)"
        raise InputError(f"the depth of this DenseNet must be {form}, got {depth}")
    if growth < 1:
        raise InputError(f"growth must be at least 1, got {growth}: it is the channels that each layer adds")
    channels = 2 * growth if compact else 16
    return DenseNet(
        OrderedDict(conv0=convolution(in_channels, channels, 3)),
        finest=1,
        stem_channels=channels,
        blocks=(layers,) * 3,
        growth=growth,
        bottleneck=4 * growth if compact else None,
        compression=0.5 if compact else 1.0,
        dropout=dropout,
        last_norm="norm4",
        num_classes=num_classes,
    )


_PAPER = "Huang et al. 2016, arXiv:1608.06993, section 4.2"


@register(
    "densenet-40-12",
    kinds=("image",),
    paper=_PAPER,
    native_size=32,
    summary="densely connected network for small images, 40 layers",
)
def densenet_40_12(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    depth: int = 40,
    growth: int = 12,
    dropout: float = 0.0,
) -> nn.Module:
    """DenseNet for small images: 40 layers that add 12 channels each."""
    check_smallest("densenet-40-12", input_size or (32, 32), _SMALLEST)
    return cifar_densenet(depth, growth, num_classes, in_channels, dropout)


@register(
    "densenet-bc-100-12",
    kinds=("image",),
    paper=_PAPER,
    native_size=32,
    summary="densely connected network for small images, 100 layers with bottlenecks",
)
def densenet_bc_100_12(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    depth: int = 100,
    growth: int = 12,
    dropout: float = 0.0,
) -> nn.Module:
    """DenseNet-BC for small images: bottlenecks and compression."""
    check_smallest("densenet-bc-100-12", input_size or (32, 32), _SMALLEST)
    return cifar_densenet(depth, growth, num_classes, in_channels, dropout, compact=True)
