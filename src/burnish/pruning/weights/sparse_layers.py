"""Layers that compute with the remaining weights alone."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError


class _Rows(nn.Module):
    """A matrix by its rows, each as its columns and values; the form that sparse products are fast with (CSR)."""

    starts: Tensor
    columns: Tensor
    values: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.shape = (matrix.shape[0], matrix.shape[1])
        index = matrix.nonzero()
        counts = torch.bincount(index[:, 0], minlength=self.shape[0])
        # Half as wide as torch makes them by itself, which is a third of the time with one column.
        self.register_buffer("starts", F.pad(counts.cumsum(0), (1, 0)).int())
        self.register_buffer("columns", index[:, 1].int().contiguous())
        self.register_buffer("values", matrix[index[:, 0], index[:, 1]].clone())
        with warnings.catch_warnings():  # torch says once a process that such tensors are in beta
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
            torch.sparse_csr_tensor(self.starts, self.columns, self.values, size=self.shape, check_invariants=True)

    def times(self, columns: Tensor, bias: Tensor | None) -> Tensor:
        """The matrix times one column ``(in,)`` or several ``(in, count)``, plus a bias for each row of the matrix.

        One column alone takes half the time, but gives no gradient.
        """
        matrix = torch.sparse_csr_tensor(
            self.starts, self.columns, self.values, size=self.shape, check_invariants=False
        )
        if bias is None:
            return matrix @ columns
        return torch.addmv(bias, matrix, columns) if columns.ndim == 1 else torch.addmm(bias[:, None], matrix, columns)


class SparseLinear(nn.Module):
    """A linear layer whose weight is kept by its rows, without the zeros. For inference: the weights do not learn.

    Args:
        layer: a linear layer; its numbers are copied.

    Shape:
        input ``(*, in)``, output ``(*, out)``, as for ``nn.Linear``.

    >>> layer = nn.Linear(3, 2)
    >>> torch.allclose(SparseLinear(layer)(torch.ones(1, 3)), layer(torch.ones(1, 3)))
    True
    """

    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = _Rows(layer.weight.detach())
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())

    def forward(self, inputs: Tensor) -> Tensor:
        shape = (*inputs.shape[:-1], self.weight.shape[0])
        if inputs.numel() == self.weight.shape[1] and not inputs.requires_grad:
            return self.weight.times(inputs.reshape(-1), self.bias).view(shape)
        rows = inputs.reshape(-1, inputs.shape[-1])
        return self.weight.times(rows.t(), self.bias).t().contiguous().view(shape)

    def extra_repr(self) -> str:
        out, into = self.weight.shape
        return f"in_features={into}, out_features={out}, weights={self.weight.values.numel()}"


class SparseConv2d(nn.Module):
    """A convolution as a product of its remaining weights with the patches of the image. For inference.

    One image after another is unfolded (a 1x1 convolution needs no unfolding): all at once would leave the cache.

    Args:
        layer: a convolution without groups, padded with zeros; its numbers are copied.

    Shape:
        as for ``nn.Conv2d``, with a batch.

    Raises:
        InputError: the convolution is grouped, or padded in another way.

    >>> layer = nn.Conv2d(2, 3, 3, padding=1)
    >>> image = torch.ones(1, 2, 4, 4)
    >>> torch.allclose(SparseConv2d(layer)(image), layer(image), atol=1e-6)
    True
    """

    bias: Tensor | None

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        if layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            raise InputError(
                "a sparse convolution has one group and is padded with zeros by numbers, got "
                f"groups={layer.groups}, padding={layer.padding!r}, padding_mode={layer.padding_mode!r}"
            )
        self.kernel_size, self.stride = layer.kernel_size, layer.stride
        self.padding, self.dilation = layer.padding, layer.dilation
        self.weight = _Rows(layer.weight.detach().flatten(1))
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())

    def forward(self, images: Tensor) -> Tensor:
        windows = zip(images.shape[2:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        height, width = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in windows)
        products = [self.weight.times(self._patches(image), self.bias) for image in images]
        found: Tensor = torch.stack(products).unflatten(2, (height, width))
        return found

    def _patches(self, image: Tensor) -> Tensor:
        """What each output sees of one image ``(C, H, W)``: ``(C * kernel, outputs)``."""
        if self.kernel_size == (1, 1) and self.padding == (0, 0):
            down, right = self.stride
            return image[:, ::down, ::right].flatten(1)
        patches: Tensor = F.unfold(image[None], self.kernel_size, self.dilation, self.padding, self.stride)
        return patches[0]

    def extra_repr(self) -> str:
        out, weights = self.weight.shape[0], self.weight.values.numel()
        return f"out_channels={out}, kernel_size={self.kernel_size}, stride={self.stride}, weights={weights}"
