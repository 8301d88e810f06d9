"""Depthwise separable convolution: every channel by itself in space, then all channels at every pixel."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from burnish.common.errors import InputError
from burnish.layers.activations import activation as make_activation


class DepthwiseSeparableConv2d(nn.Sequential):
    """A filter of its own for every channel, then a 1x1 convolution over the channels.

    Source: Howard et al. 2017, "MobileNets: Efficient convolutional neural networks for mobile vision applications",
    arXiv:1704.04861, section 3.1, eq. 3 to 5: ``1 / out_channels + 1 / kernel^2`` of the multiply-adds of the
    convolution it stands for. With normalisation and activation, after both parts, it is their figure 3.

    Without them it is a convolution whose filters are the products of the two parts' weights.

    Args:
        in_channels: channels of the image.
        out_channels: channels of the output.
        kernel_size: side of the square filters.
        stride: of the filters.
        padding: zeros around the image; by default as many as keep its size at stride 1, for odd kernels.
        dilation: pixels between the taps.
        norm: batch normalisation after both parts, which then have no biases.
        activation: name of what follows both parts, see :func:`burnish.layers.activation`.
        bias: whether the parts have biases; only where ``norm`` is off.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, out_channels, H', W')`` as for :class:`torch.nn.Conv2d`.

    Raises:
        InputError: an even kernel without a padding, or an unknown activation.

    >>> layer = DepthwiseSeparableConv2d(32, 64, norm=True, activation="relu")
    >>> [name for name, _ in layer.named_children()][:3], layer.depthwise.groups
    (['depthwise', 'depthwise_norm', 'depthwise_activation'], 32)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = None,
        dilation: int = 1,
        norm: bool = False,
        activation: str | None = None,
        bias: bool = True,
    ) -> None:
        if padding is None:
            if kernel_size % 2 == 0:
                raise InputError(f"a kernel of {kernel_size} has no middle, so no padding keeps the size: give padding")
            padding = dilation * (kernel_size // 2)
        has_bias = bias and not norm
        parts = {
            "depthwise": nn.Conv2d(
                in_channels, in_channels, kernel_size, stride, padding, dilation, groups=in_channels, bias=has_bias
            ),
            "pointwise": nn.Conv2d(in_channels, out_channels, 1, bias=has_bias),
        }
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for name, conv in parts.items():
            layers[name] = conv
            if norm:
                layers[f"{name}_norm"] = nn.BatchNorm2d(conv.out_channels)
            if activation is not None:
                layers[f"{name}_activation"] = make_activation(activation)
        super().__init__(layers)
