"""The arithmetic of windows that slide over an image: output size, receptive field, stride."""

from __future__ import annotations

from dataclasses import dataclass

from burnish.common.errors import InputError


@dataclass(frozen=True)
class Window:
    """A convolution or pooling along one dimension.

    Args:
        kernel: width of the filter, F.
        stride: step from one output to the next, S.
        padding: zeros at each end, P.
        dilation: distance between the filter's taps, D.
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def __post_init__(self) -> None:
        if min(self.kernel, self.stride, self.dilation) < 1 or self.padding < 0:
            raise InputError(f"kernel, stride and dilation must be at least 1 and padding at least 0, got {self}")

    @property
    def extent(self) -> int:
        """Distance from the filter's first tap to its last, both counted: D (F - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1


@dataclass(frozen=True)
class ReceptiveField:
    """What one output sees along one dimension: ``size`` inputs, which lie ``stride`` further for the next output.

    Groups change nothing here. Behind a transposed convolution outputs differ in what they see;
    :class:`burnish.models.reach.Reach` follows them one by one.
    """

    size: int = 1
    stride: int = 1

    def through(self, window: Window) -> ReceptiveField:
        """The field after one more window.

        Source: Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks", eq. 2.
        """
        return ReceptiveField(self.size + (window.extent - 1) * self.stride, self.stride * window.stride)


def output_size(size: int, *windows: Window) -> int:
    """Outputs that windows, one after the other, leave of ``size`` inputs.

    Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285,
    relationship 15: floor((N + 2P - D (F - 1) - 1) / S) + 1.

    Raises:
        InputError: a window is wider than its padded input.

    >>> output_size(32, Window(5), Window(2, stride=2), Window(5), Window(2, stride=2))
    5
    """
    left = size
    for window in windows:
        if left + 2 * window.padding < window.extent:
            raise InputError(
                f"a window of {window.extent} does not fit into {left} inputs with padding {window.padding}: "
                f"the smallest size that works is {smallest_input(*windows)}, got {size}"
            )
        left = (left + 2 * window.padding - window.extent) // window.stride + 1
    return left


def same_padding(window: Window) -> tuple[int, int]:
    """Zeros before and after the input that keep its size at stride 1: D (F - 1), the larger half behind.

    It is what torch's ``padding="same"`` adds; where both are equal they fit into a window.

    Raises:
        InputError: a stride above 1, at which no padding keeps the size of every input.

    >>> same_padding(Window(3, dilation=2)), same_padding(Window(4))
    ((2, 2), (1, 2))
    """
    if window.stride != 1:
        raise InputError(f"padding keeps the size at stride 1 alone, got stride {window.stride}: give the padding")
    before = (window.extent - 1) // 2
    return before, window.extent - 1 - before


def transposed_output_size(size: int, window: Window, output_padding: int = 0) -> int:
    """Outputs of a transposed convolution: (N - 1) S - 2P + D (F - 1) + 1, plus what is added at the end.

    It is the smallest input from which the convolution would leave ``size`` outputs; ``output_padding`` picks a larger
    one of the S that do.

    Source: Dumoulin and Visin 2016, arXiv:1603.07285, relationship 14.

    Raises:
        InputError: an output padding that torch would not take, or a padding that leaves nothing.

    >>> transposed_output_size(16, Window(2, stride=2))
    32
    """
    if not 0 <= output_padding < max(window.stride, window.dilation):
        raise InputError(
            f"output_padding must lie below the stride or the dilation, got {output_padding} for stride "
            f"{window.stride} and dilation {window.dilation}"
        )
    found = (size - 1) * window.stride - 2 * window.padding + window.extent + output_padding
    if found < 1:
        raise InputError(
            f"a transposed window of {window.extent} with padding {window.padding} leaves nothing of {size} inputs: "
            "lower the padding"
        )
    return found


def smallest_input(*windows: Window) -> int:
    """The smallest input that leaves one output.

    >>> smallest_input(Window(5), Window(2, stride=2), Window(5), Window(2, stride=2))
    16
    """
    needed = 1
    for window in reversed(windows):
        needed = max(1, (needed - 1) * window.stride + window.extent - 2 * window.padding)
    return needed


def receptive_field(*windows: Window) -> ReceptiveField:
    """The receptive field and stride of windows, one after the other.

    >>> receptive_field(Window(3), Window(3, stride=2), Window(3))
    ReceptiveField(size=9, stride=2)
    """
    field = ReceptiveField()
    for window in windows:
        field = field.through(window)
    return field
