"""The median of each pixel's surroundings: single pixels that stand out vanish."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.defences.preprocessing.preprocessing import Preprocessing

_NUMBERS_AT_ONCE = 2**24  # 64 MiB of float32 in the table of surroundings

# Places to put in order, one pair after the other, until the median of nine numbers stands at place 4.
_PAIRS_OF_NINE = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3)),
    *((5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)


class MedianSmoothing(Preprocessing):
    """Replace every pixel by the median of the square window around it, channel by channel.

    Source: Xu, Evans and Qi 2018, "Feature Squeezing", NDSS, arXiv:1704.01155, section III-B (local smoothing). The
    image is mirrored at its edges, edge pixels included. The gradient goes to the pixel that is the median.

    Args:
        window: its side in pixels, odd and at least 3. The paper's 2 x 2 has no centre and would move the image.

    Shape:
        input and output: ``(N, C, H, W)``, floats in [0, 1].

    Raises:
        InputError: an even window or one below 3, or a call with a window that is larger than the image.

    >>> MedianSmoothing(3)(torch.eye(3)[None, None]).tolist()
    [[[[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]]
    """

    def __init__(self, window: int = 3) -> None:
        super().__init__()
        if isinstance(window, bool) or not isinstance(window, int) or window < 3 or window % 2 == 0:
            raise InputError(f"window must be an odd number of pixels from 3 on, got {window}: its centre is the pixel")
        self.window = window

    def process(self, images: Tensor) -> Tensor:
        """The medians, a bounded number of images at a time."""
        height, width = images.shape[2:]
        if self.window > min(height, width):
            raise InputError(
                f"a window of {self.window} is larger than the images ({height} x {width} pixels): use a smaller one"
            )
        each = max(1, images[:1].numel() * self.window**2)
        return torch.cat([self._medians(part) for part in images.split(max(1, _NUMBERS_AT_ONCE // each))])

    def _medians(self, images_NCHW: Tensor) -> Tensor:
        reach, (height, width) = self.window // 2, images_NCHW.shape[2:]
        rows, columns = (_mirrored(size, reach, images_NCHW.device) for size in (height, width))
        padded = images_NCHW[:, :, rows][:, :, :, columns]
        if self.window == 3 and not (images_NCHW.requires_grad and torch.is_grad_enabled()):
            return _median_of_nine([padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)])
        around_NCHWK = padded.unfold(2, self.window, 1).unfold(3, self.window, 1).flatten(4)
        return around_NCHWK.median(dim=-1).values

    def extra_repr(self) -> str:
        return f"window={self.window}"


def _median_of_nine(values: list[Tensor]) -> Tensor:
    """Medians of nine tensors, element by element, by 19 exchanges: some twenty times faster than selection.

    Source: Paeth 1990, "Median finding on a 3 x 3 grid", Graphics Gems. With gradients it would be the slower way.
    """
    for low, high in _PAIRS_OF_NINE:
        values[low], values[high] = torch.minimum(values[low], values[high]), torch.maximum(values[low], values[high])
    return values[4]


def _mirrored(size: int, reach: int, device: torch.device) -> Tensor:
    """Places ``-reach`` to ``size + reach - 1``, those outside mirrored at the edge: ``.. 1 0 | 0 1 2 ..``."""
    places = torch.arange(-reach, size + reach, device=device)
    places = torch.where(places < 0, -1 - places, places)
    return torch.where(places >= size, 2 * size - 1 - places, places)
