"""Rules about the size of images that all families share."""

from __future__ import annotations

from burnish.common.errors import InputError

SMALL = 64
"""Images whose longer side is at most this get the stem for small images, where a family has one."""


def is_small(input_size: tuple[int, int]) -> bool:
    """Whether images are so small that an early stride of four would leave little of them.

    >>> is_small((32, 32)), is_small((224, 224))
    (True, False)
    """
    return max(input_size) <= SMALL


def check_smallest(name: str, input_size: tuple[int, int], smallest: int) -> None:
    """Refuse images that are smaller than a model's windows allow.

    Raises:
        InputError: a side is below ``smallest``; the message says what to do.

    >>> check_smallest("vgg11", (32, 32), 32)
    """
    height, width = input_size
    if min(height, width) < smallest:
        raise InputError(
            f"{name} needs images of at least {smallest}x{smallest}, got {height}x{width}: resize them "
            f"(--input-size {smallest}), or take a model for small images (resnet20, mlp)"
        )
