"""The order of an image's numbers in memory, which decides how long a processor takes over a convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class ChannelsLast:
    """A model that gets images with the channels of a pixel side by side, as long as it can take them.

    On a CPU that halves the time of a small convolutional network: max pooling and ReLU read memory in order, and
    oneDNN reorders nothing. Sums are rounded otherwise, so that outputs differ by about 1e-6 of their size. A model
    that refuses (``view`` of a feature map asks for the usual order) gets its inputs as they are from then on, and so
    does every model whose inputs are no images of several channels on a CPU, where nothing would be gained.

    Args:
        model: from inputs to outputs.

    >>> ChannelsLast(lambda images: images.stride())(torch.zeros(2, 3, 4, 4))
    (48, 1, 12, 3)
    """

    def __init__(self, model: Callable[[Tensor], Any]) -> None:
        self.model = model
        self.taken = True

    def __call__(self, inputs: Tensor) -> Any:
        if self.taken and inputs.ndim == 4 and inputs.shape[1] > 1 and inputs.device.type == "cpu":
            try:
                return self.model(inputs.to(memory_format=torch.channels_last))
            except RuntimeError:  # of this order, or of anything else: the call below tells
                self.taken = False
        return self.model(inputs)
