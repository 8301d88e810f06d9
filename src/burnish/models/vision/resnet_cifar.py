"""Residual networks for small images: ResNet-20 to ResNet-1202, with stochastic depth or without."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.models.image_model import ImageModel, Level
from burnish.models.registry import register
from burnish.models.vision.residual_blocks import death_rates


class PadShortcut(nn.Module):
    """Option A: every second pixel, and zero channels on both sides; no parameters.

    Source: He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, section 3.3.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x_BCHW: Tensor) -> Tensor:
        # Pooling over one pixel is slicing [::stride], but keeps the memory layout and has a backward in one pass.
        x_BCHW = F.avg_pool2d(x_BCHW, kernel_size=1, stride=self.stride)
        return F.pad(x_BCHW, (0, 0, 0, 0, self.before, self.after))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input takes a short cut: eq. 1 of the paper.

    While training, a sample skips the convolutions with the probability ``death_rate``.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, death_rate: float = 0.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if same else PadShortcut(in_channels, out_channels, stride)
        self.drop = StochasticDepth(1 - death_rate) if death_rate else None
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        branch_BCHW: Tensor = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x_BCHW)))))
        if self.drop is not None:
            branch_BCHW = self.drop(branch_BCHW)
        branch_BCHW += self.shortcut(x_BCHW)
        return self.relu2(branch_BCHW)  # type: ignore[no-any-return]


class CifarResNet(ImageModel):
    """Three stages of basic blocks, 16, 32 and 64 channels wide, with parameter-free shortcuts.

    Source: He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, section 4.2.

    Args:
        depth: layers with weights, ``6 n + 2``.
        num_classes: outputs.
        in_channels: channels of the image.
        width: channels of the first stage.
        stochastic_depth: chance that the last block is left out while training; earlier ones less, in proportion to
            their depth, so that block l of L survives with p_l = 1 - l / L (1 - p_L) (Huang et al. 2016,
            arXiv:1603.09382, eq. 4).

    Shape:
        ``(batch, in_channels, H, W)`` of any size to ``(batch, num_classes)``.

    Raises:
        InputError: a depth that is not ``6 n + 2``, a width below 1, or a death rate outside [0, 1).

    >>> sum(p.numel() for p in CifarResNet(20, 10, 3).parameters())
    269722
    """

    head_names = ("linear",)
    renames = ((r"module\.(.+)", r"\1"),)  # weights that were trained on several devices

    def __init__(
        self, depth: int, num_classes: int, in_channels: int, width: int = 16, stochastic_depth: float = 0.0
    ) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise InputError(f"the depth of a CIFAR ResNet must be 6 n + 2 (8, 14, 20, ...), got {depth}")
        if width < 1:
            raise InputError(f"width must be at least 1, got {width}: it is the channels of the first stage")
        blocks = (depth - 2) // 6
        rates = death_rates(stochastic_depth, 3 * blocks)
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _stage(width, width, rates[:blocks], stride=1)
        self.layer2 = _stage(width, 2 * width, rates[blocks : 2 * blocks], stride=2)
        self.layer3 = _stage(2 * width, 4 * width, rates[2 * blocks :], stride=2)
        self.linear = nn.Linear(4 * width, num_classes)
        self.levels = (Level("layer1", width, 1), Level("layer2", 2 * width, 2), Level("layer3", 4 * width, 4))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stages(self) -> dict[str, tuple[str, ...]]:
        layers = {name: (name,) for name in ("layer1", "layer2", "layer3")}
        return {"stem": ("conv1", "bn1"), **layers, "head": ("linear",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        first_BCHW = self.layer1(self.relu(self.bn1(self.conv1(x_BCHW))))
        second_BCHW = self.layer2(first_BCHW)
        return [first_BCHW, second_BCHW, self.layer3(second_BCHW)]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.linear(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


def _stage(in_channels: int, out_channels: int, rates: list[float], stride: int) -> nn.Sequential:
    first = BasicBlock(in_channels, out_channels, stride, rates[0])
    return nn.Sequential(first, *(BasicBlock(out_channels, out_channels, 1, rate) for rate in rates[1:]))


_HE = "He et al. 2015, arXiv:1512.03385, section 4.2"
_HUANG = "Huang et al. 2016, arXiv:1603.09382"


def _register(depth: int, death_rate: float) -> None:
    dropped = ", whole blocks dropped at random" if death_rate else ""

    @register(
        f"resnet{depth}-stochastic-depth" if death_rate else f"resnet{depth}",
        kinds=("image",),
        paper=_HUANG if death_rate else _HE,
        native_size=32,
        summary=f"residual network for small images, {depth} layers{dropped}",
    )
    def cifar_resnet(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        width: int = 16,
        stochastic_depth: float = death_rate,
    ) -> nn.Module:
        """A residual network of three stages for small images."""
        return CifarResNet(depth, num_classes, in_channels, width, stochastic_depth)


for _depth, _death_rate in (
    (20, 0.0),
    (32, 0.0),
    (44, 0.0),
    (56, 0.0),
    (110, 0.0),
    (1202, 0.0),
    (110, 0.5),
    (1202, 0.5),
):
    _register(_depth, _death_rate)
