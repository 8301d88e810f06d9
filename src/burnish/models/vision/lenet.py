"""LeNet-5."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.layers.activations import activation as make_activation
from burnish.layers.conv_arithmetic import Window, output_size, smallest_input
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest
from burnish.models.registry import register

_WINDOWS = (Window(5), Window(2, stride=2), Window(5), Window(2, stride=2))
_SMALLEST = smallest_input(*_WINDOWS)


class LeNet5(ImageModel):
    """Two convolutions with average pooling, three linear layers.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II.B. Changed: C3
    sees every map of S2 (the paper leaves some out to break symmetry), pooling has no trained coefficients, the output
    layer is linear instead of radial basis functions.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width. Sides of 28 to 31 are padded to 32 as the paper does with its digits; other sides
            change the width of the first linear layer.
        activation: ``tanh`` as in the paper, ``relu``, or another of :func:`burnish.layers.activation`.

    Shape:
        ``(batch, in_channels, *input_size)`` to ``(batch, num_classes)``.

    Raises:
        InputError: a side is too small for two 5x5 convolutions and two poolings.

    >>> sum(p.numel() for p in LeNet5(10, 1, (32, 32)).parameters())
    61706
    """

    head_names = ("fc3",)

    def __init__(
        self, num_classes: int, in_channels: int, input_size: tuple[int, int], activation: str = "tanh"
    ) -> None:
        super().__init__()
        check_smallest("lenet5", input_size, _SMALLEST)
        height, width = (32 if 28 <= side < 32 else side for side in input_size)
        down, right = height - input_size[0], width - input_size[1]
        self.levels = (Level("conv1", 6, 1), Level("conv2", 16, 2), Level("pool2", 16, 4))
        self.pad: nn.Module = nn.Identity()
        if down or right:
            self.notes = (f"lenet5 pads {input_size[0]}x{input_size[1]} images with zeros to {height}x{width}",)
            self.pad = nn.ZeroPad2d((right // 2, right - right // 2, down // 2, down - down // 2))
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.act1 = make_activation(activation)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.act2 = make_activation(activation)
        self.pool2 = nn.AvgPool2d(2)
        self.fc1 = nn.Linear(16 * output_size(height, *_WINDOWS) * output_size(width, *_WINDOWS), 120)
        self.act3 = make_activation(activation)
        self.fc2 = nn.Linear(120, 84)
        self.act4 = make_activation(activation)
        self.fc3 = nn.Linear(84, num_classes)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {"stem": ("conv1",), "conv2": ("conv2",), "fc1": ("fc1",), "fc2": ("fc2",), "head": ("fc3",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        first_BCHW = self.act1(self.conv1(self.pad(x_BCHW)))
        second_BCHW = self.act2(self.conv2(self.pool1(first_BCHW)))
        return [first_BCHW, second_BCHW, self.pool2(second_BCHW)]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BF = self.act3(self.fc1(self.features(x_BCHW)[-1].flatten(1)))
        return self.fc3(self.act4(self.fc2(x_BF)))  # type: ignore[no-any-return]


@register(
    "lenet5",
    kinds=("image",),
    paper="LeCun et al. 1998",
    native_size=32,
    summary="the first convolutional network in wide use",
)
def lenet5(
    num_classes: int, in_channels: int, input_size: tuple[int, int] | None, activation: str = "tanh"
) -> nn.Module:
    """LeNet-5 with every map connected."""
    return LeNet5(num_classes, in_channels, input_size or (32, 32), activation)
