"""How wide an input is once it is flat."""

from __future__ import annotations


def flat_width(in_channels: int, input_size: tuple[int, int] | None) -> int:
    """Numbers in one input: channels times height times width of an image, features otherwise.

    >>> flat_width(3, (8, 8)), flat_width(5, None)
    (192, 5)
    """
    height, width = input_size or (1, 1)
    return in_channels * height * width
