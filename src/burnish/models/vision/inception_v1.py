"""Inception v1: GoogLeNet as the paper has it."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from burnish.models.registry import register
from burnish.models.vision.alexnet_2012 import response_norm
from burnish.models.vision.googlenet import GoogLeNet, Stem


class ConvReLU(nn.Module):
    """A convolution with bias that keeps the size at stride 1, and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return F.relu(self.conv(x_BCHW), inplace=True)


class InceptionV1(GoogLeNet):
    """GoogLeNet with biases, response normalisation and true 5x5 windows; no batch normalisation.

    Source: Szegedy et al. 2014, "Going deeper with convolutions", arXiv:1409.4842, table 1, figure 3 and section 5.
    Changed: the paper does not say how weights start, here after He et al. 2015 (arXiv:1502.01852).

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width. The auxiliary heads pool 5x5 windows with stride 3, and what these leave to 4x4;
            where they leave less than 4x4, the map itself to 4x4.
        stem: as in :class:`GoogLeNet`.
        aux_heads: have the two auxiliary classifiers, which run in training mode alone.
        dropout: share of inputs that the last layer loses in training.

    Shape:
        ``(batch, in_channels, H, W)`` to ``(batch, num_classes)``; in training mode with ``aux_heads`` to an
        :class:`burnish.models.auxiliary.AuxiliaryOutput` of weight 0.3.

    Raises:
        InputError: a side is below 15 (4 with the small stem).

    >>> sum(p.numel() for p in InceptionV1(1000, 3, (224, 224), aux_heads=False).parameters())
    6998552
    """

    name: ClassVar[str] = "inception-v1"

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        aux_heads: bool = True,
        dropout: float = 0.4,
    ) -> None:
        super().__init__(num_classes, in_channels, input_size, stem, aux_heads, dropout, unit=ConvReLU, large=5)
        self.maxpool1 = nn.Sequential(self.maxpool1, response_norm())
        self.maxpool2 = nn.Sequential(response_norm(), self.maxpool2)
        if not aux_heads:
            return
        small = self.levels[0].stride == 1
        if min(side // 4 if small else (side + 1) // 2 // 8 for side in input_size) >= 14:
            self.aux1.pool = nn.Sequential(nn.AvgPool2d(5, stride=3), nn.AdaptiveAvgPool2d(4))
            self.aux2.pool = nn.Sequential(nn.AvgPool2d(5, stride=3), nn.AdaptiveAvgPool2d(4))
        else:
            size = f"{input_size[0]}x{input_size[1]}"
            note = f"inception-v1 averages the maps of its auxiliary heads to 4x4 for {size} images"
            self.notes = (*self.notes, f"{note}, too small for 5x5 windows with stride 3")

    def initialise_(self) -> None:
        """Draw the weights of the hidden layers after He et al. 2015, eq. 10; biases start at 0."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        for name in self.present_heads():
            head = self.get_submodule(name)
            assert isinstance(head, nn.Linear)
            self.initialise_head_(head)

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)


@register(
    "inception-v1",
    kinds=("image",),
    paper="Szegedy et al. 2014, arXiv:1409.4842",
    native_size=224,
    summary="GoogLeNet of the paper: biases, response normalisation, 5x5 windows",
)
def inception_v1(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    aux_heads: bool = True,
    dropout: float = 0.4,
) -> nn.Module:
    """GoogLeNet of the paper."""
    return InceptionV1(num_classes, in_channels, input_size or (224, 224), stem, aux_heads, dropout)
