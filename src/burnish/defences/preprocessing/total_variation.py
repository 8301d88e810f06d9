"""The nearest image with less total variation: texture and noise go, edges stay."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.defences.preprocessing.preprocessing import Preprocessing


class TotalVariation(Preprocessing):
    """Replace an image x by the z that minimises ``||z - x||^2 / 2 + weight * TV(z)``, channel by channel.

    Source: Guo et al. 2018, "Countering Adversarial Images using Input Transformations", arXiv:1711.00117, section 4.2,
    without its random choice of pixels, so that the answer is the same every time. The minimum is that of Rudin, Osher
    and Fatemi with isotropic TV, found on its dual (Chambolle 2004, J. Math. Imaging Vis. 20, section 3) by the fast
    gradient projection of Beck and Teboulle 2009, IEEE Trans. Image Process. 18(11), section 4. The gradient is that of
    the iterations; it needs memory for each of them.

    Args:
        weight: of the total variation, in units of a pixel value. A region moves by ``weight`` times its circumference
            over its area; 0.05 to 0.2 is usual.
        iterations: of the minimisation. With 50, pixels of photographs are on average within 0.001 of the minimum at
            weight 0.1.

    Shape:
        input and output: ``(N, C, H, W)``, floats in [0, 1].

    Raises:
        InputError: ``weight`` is not positive, ``iterations`` below 1, or a call gets anything but such images.

    >>> TotalVariation(10.0, iterations=200)(torch.eye(2)[None, None]).round(decimals=2).tolist()
    [[[[0.5, 0.5], [0.5, 0.5]]]]
    """

    def __init__(self, weight: float = 0.1, iterations: int = 50) -> None:
        super().__init__()
        if not 0 < weight < math.inf:
            raise InputError(f"weight must be a positive number, got {weight}: 0 would change nothing, 0.1 is usual")
        if isinstance(iterations, bool) or not isinstance(iterations, int) or iterations < 1:
            raise InputError(f"iterations must be a whole number from 1 on, got {iterations}: 50 is usual")
        self.weight = weight
        self.iterations = iterations

    def process(self, images: Tensor) -> Tensor:
        """Beck and Teboulle's algorithm FGP, whose ``(p, q)`` and ``(r, s)`` are ``dual`` and ``ahead``."""
        dual = ahead = torch.zeros(2, *images.shape, dtype=images.dtype, device=images.device)
        momentum = 1.0
        for _ in range(self.iterations):
            before = dual
            slopes = _slopes(self._primal(images, ahead))
            dual = _cut(ahead + slopes / (8 * self.weight))
            last, momentum = momentum, (1 + math.sqrt(1 + 4 * momentum**2)) / 2
            ahead = dual + (last - 1) / momentum * (dual - before)
        return self._primal(images, dual)

    def _primal(self, images: Tensor, dual: Tensor) -> Tensor:
        return (images + self.weight * _divergence(dual)).clamp(0, 1)

    def extra_repr(self) -> str:
        return f"weight={self.weight}, iterations={self.iterations}"


def _slopes(images_NCHW: Tensor) -> Tensor:
    """Differences to the next row and to the next column, ``(2, N, C, H, W)``; 0 at the last."""
    down = F.pad(images_NCHW.diff(dim=2), (0, 0, 0, 1))
    right = F.pad(images_NCHW.diff(dim=3), (0, 1))
    return torch.stack([down, right])


def _divergence(dual_2NCHW: Tensor) -> Tensor:
    """Minus the adjoint of :func:`_slopes`, ``(N, C, H, W)``."""
    down, right = dual_2NCHW[0, :, :, :-1], dual_2NCHW[1, :, :, :, :-1]
    return F.pad(down, (0, 0, 1, 1)).diff(dim=2) + F.pad(right, (1, 1)).diff(dim=3)


def _cut(dual_2NCHW: Tensor) -> Tensor:
    """Vectors of two longer than 1 cut to length 1."""
    squares: Tensor = dual_2NCHW.square().sum(dim=0)
    return dual_2NCHW * squares.clamp(min=1).rsqrt()  # no root of 0, whose gradient is infinite
