"""What the arithmetic of windows says about a convolution or pooling layer of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from burnish.layers.conv_arithmetic import Window, transposed_output_size

_DIMENSIONS: dict[int, tuple[type[nn.Module], ...]] = {
    1: (nn.Conv1d, nn.ConvTranspose1d, nn.MaxPool1d, nn.AvgPool1d),
    2: (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d, nn.AvgPool2d),
    3: (nn.Conv3d, nn.ConvTranspose3d, nn.MaxPool3d, nn.AvgPool3d),
}
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def windows_of(layer: Any) -> tuple[Window, ...] | None:
    """The window along each dimension that a layer states; None for a layer that is no convolution or pooling.

    >>> windows_of(nn.Conv2d(3, 8, 7, stride=2, padding=3))[0]
    Window(kernel=7, stride=2, padding=3, dilation=1)
    """
    dimensions = next((count for count, types in _DIMENSIONS.items() if isinstance(layer, types)), None)
    if dimensions is None:
        return None
    kernel = _each(layer.kernel_size, dimensions)
    dilation = _each(getattr(layer, "dilation", 1), dimensions)
    padding: Any = 0 if layer.padding == "valid" else layer.padding
    if padding == "same":  # torch puts one more at the end where the total is odd
        padding = [(d * (k - 1)) // 2 for k, d in zip(kernel, dilation, strict=True)]
    every = (kernel, _each(layer.stride, dimensions), _each(padding, dimensions), dilation)
    return tuple(Window(*window) for window in zip(*every, strict=True))


def expected_sizes(layer: Any, received: Sequence[int]) -> tuple[int, ...] | None:
    """Sizes of a layer's output by (N + 2P - F)/S + 1, rounded as the layer says.

    Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285,
    relationships 14 and 15.

    Args:
        layer: any module.
        received: shape of its input.

    Returns:
        One size a dimension; None where the layer has no window.

    >>> expected_sizes(nn.Conv2d(3, 8, 7, stride=2, padding=3), (1, 3, 224, 224))
    (112, 112)
    """
    windows = windows_of(layer)
    if windows is None or len(received) < len(windows):
        return None
    sizes = received[-len(windows) :]
    if isinstance(layer, _TRANSPOSED):
        added = _each(layer.output_padding, len(windows))
        return tuple(map(transposed_output_size, sizes, windows, added))
    if layer.padding == "same":
        return tuple(sizes)
    ceil = bool(getattr(layer, "ceil_mode", False))
    return tuple(_slide(size, window, ceil) for size, window in zip(sizes, windows, strict=True))


def _slide(size: int, window: Window, ceil: bool) -> int:
    room = size + 2 * window.padding - window.extent
    if not ceil:
        return room // window.stride + 1
    outputs = -(-room // window.stride) + 1
    starts_outside = (outputs - 1) * window.stride >= size + window.padding  # such a window sees padding alone
    return outputs - 1 if starts_outside else outputs


def _each(value: Any, dimensions: int) -> list[int]:
    given = [value] if isinstance(value, int) else list(value)
    return given * dimensions if len(given) == 1 else given
