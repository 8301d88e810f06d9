"""The five blocks of Inception v3 and its auxiliary classifier."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.models.vision.inception_blocks import ConvUnit

AUXILIARY_SIDE = 17
"""Side of the smallest maps that the published auxiliary classifier takes."""


class BlockA(nn.Module):
    """1x1, 5x5, two 3x3 and pooling side by side: figure 5 of arXiv:1512.00567, with one 5x5 kept.

    Args:
        in_channels: channels in.
        pool_channels: of the branch that pools.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 224 + pool_channels, H, W)``.
    """

    def __init__(self, in_channels: int, pool_channels: int) -> None:
        super().__init__()
        self.branch1x1 = ConvUnit(in_channels, 64, 1)
        self.branch5x5_1 = ConvUnit(in_channels, 48, 1)
        self.branch5x5_2 = ConvUnit(48, 64, 5)
        self.branch3x3dbl_1 = ConvUnit(in_channels, 64, 1)
        self.branch3x3dbl_2 = ConvUnit(64, 96, 3)
        self.branch3x3dbl_3 = ConvUnit(96, 96, 3)
        self.pool = nn.AvgPool2d(3, 1, 1)
        self.branch_pool = ConvUnit(in_channels, pool_channels, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        five_BCHW = self.branch5x5_2(self.branch5x5_1(x_BCHW))
        double_BCHW = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x_BCHW)))
        pool_BCHW = self.branch_pool(self.pool(x_BCHW))
        return torch.cat([self.branch1x1(x_BCHW), five_BCHW, double_BCHW, pool_BCHW], dim=1)


class BlockB(nn.Module):
    """Convolutions and pooling of stride 2 side by side: figure 10 of arXiv:1512.00567.

    Args:
        in_channels: channels in.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 480 + in_channels, (H - 1) // 2, (W - 1) // 2)``.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3 = ConvUnit(in_channels, 384, 3, stride=2, valid=True)
        self.branch3x3dbl_1 = ConvUnit(in_channels, 64, 1)
        self.branch3x3dbl_2 = ConvUnit(64, 96, 3)
        self.branch3x3dbl_3 = ConvUnit(96, 96, 3, stride=2, valid=True)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        double_BCHW = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x_BCHW)))
        return torch.cat([self.branch3x3(x_BCHW), double_BCHW, self.pool(x_BCHW)], dim=1)


class BlockC(nn.Module):
    """7x7 convolutions taken apart into 1x7 and 7x1: figure 6 of arXiv:1512.00567.

    Args:
        in_channels: channels in.
        width: channels inside the branches.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 768, H, W)``.
    """

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = ConvUnit(in_channels, 192, 1)
        self.branch7x7_1 = ConvUnit(in_channels, width, 1)
        self.branch7x7_2 = ConvUnit(width, width, (1, 7))
        self.branch7x7_3 = ConvUnit(width, 192, (7, 1))
        self.branch7x7dbl_1 = ConvUnit(in_channels, width, 1)
        self.branch7x7dbl_2 = ConvUnit(width, width, (7, 1))
        self.branch7x7dbl_3 = ConvUnit(width, width, (1, 7))
        self.branch7x7dbl_4 = ConvUnit(width, width, (7, 1))
        self.branch7x7dbl_5 = ConvUnit(width, 192, (1, 7))
        self.pool = nn.AvgPool2d(3, 1, 1)
        self.branch_pool = ConvUnit(in_channels, 192, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        seven_BCHW = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x_BCHW)))
        double_BCHW = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x_BCHW)))
        double_BCHW = self.branch7x7dbl_5(self.branch7x7dbl_4(double_BCHW))
        pool_BCHW = self.branch_pool(self.pool(x_BCHW))
        return torch.cat([self.branch1x1(x_BCHW), seven_BCHW, double_BCHW, pool_BCHW], dim=1)


class BlockD(nn.Module):
    """The second reduction, with a 7x7 taken apart in one branch.

    Args:
        in_channels: channels in.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 512 + in_channels, (H - 1) // 2, (W - 1) // 2)``.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = ConvUnit(in_channels, 192, 1)
        self.branch3x3_2 = ConvUnit(192, 320, 3, stride=2, valid=True)
        self.branch7x7x3_1 = ConvUnit(in_channels, 192, 1)
        self.branch7x7x3_2 = ConvUnit(192, 192, (1, 7))
        self.branch7x7x3_3 = ConvUnit(192, 192, (7, 1))
        self.branch7x7x3_4 = ConvUnit(192, 192, 3, stride=2, valid=True)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        three_BCHW = self.branch3x3_2(self.branch3x3_1(x_BCHW))
        seven_BCHW = self.branch7x7x3_2(self.branch7x7x3_1(x_BCHW))
        seven_BCHW = self.branch7x7x3_4(self.branch7x7x3_3(seven_BCHW))
        return torch.cat([three_BCHW, seven_BCHW, self.pool(x_BCHW)], dim=1)


class BlockE(nn.Module):
    """Branches that part into 1x3 and 3x1 at their ends: figure 7 of arXiv:1512.00567.

    Args:
        in_channels: channels in.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 2048, H, W)``.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch1x1 = ConvUnit(in_channels, 320, 1)
        self.branch3x3_1 = ConvUnit(in_channels, 384, 1)
        self.branch3x3_2a = ConvUnit(384, 384, (1, 3))
        self.branch3x3_2b = ConvUnit(384, 384, (3, 1))
        self.branch3x3dbl_1 = ConvUnit(in_channels, 448, 1)
        self.branch3x3dbl_2 = ConvUnit(448, 384, 3)
        self.branch3x3dbl_3a = ConvUnit(384, 384, (1, 3))
        self.branch3x3dbl_3b = ConvUnit(384, 384, (3, 1))
        self.pool = nn.AvgPool2d(3, 1, 1)
        self.branch_pool = ConvUnit(in_channels, 192, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        three_BCHW = self.branch3x3_1(x_BCHW)
        double_BCHW = self.branch3x3dbl_2(self.branch3x3dbl_1(x_BCHW))
        return torch.cat(
            [
                self.branch1x1(x_BCHW),
                self.branch3x3_2a(three_BCHW),
                self.branch3x3_2b(three_BCHW),
                self.branch3x3dbl_3a(double_BCHW),
                self.branch3x3dbl_3b(double_BCHW),
                self.branch_pool(self.pool(x_BCHW)),
            ],
            dim=1,
        )


class AuxiliaryHead(nn.Module):
    """The classifier on the maps between the two reductions.

    Source: Szegedy et al. 2015, arXiv:1512.00567, section 4 and figure 8. Changed: maps of less than 17x17, which the
    published windows do not fit, are averaged to the 5x5 that the second convolution expects.

    Args:
        in_channels: channels of the maps.
        num_classes: outputs.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv0 = ConvUnit(in_channels, 128, 1)
        self.conv1 = ConvUnit(128, 768, 5, valid=True)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if min(x_BCHW.shape[2:]) >= AUXILIARY_SIDE:
            x_BCHW = F.avg_pool2d(x_BCHW, kernel_size=5, stride=3)
        else:
            x_BCHW = F.adaptive_avg_pool2d(x_BCHW, 5)
        return self.fc(self.conv1(self.conv0(x_BCHW)).mean(dim=(2, 3)))  # type: ignore[no-any-return]
