"""Principal components of the colours of a training set."""

from __future__ import annotations

import torch

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.source import Source

_CHUNK = 64


def colour_components(source: Source, limit: int = 2_000) -> tuple[tuple[float, ...], ...]:
    """Eigenvectors of the covariance of colours, each multiplied by its eigenvalue, the largest first.

    Source: Krizhevsky, Sutskever and Hinton 2012, section 4.1. Over all pixels, in [0, 1], of at most ``limit`` images,
    which a fixed seed chooses. The largest entry of a vector is positive, so that the answer is the same on every
    machine.

    Args:
        source: images ``(C, H, W)``.
        limit: at most so many are read.

    Returns:
        C rows of C numbers, plain, for :class:`~burnish.data.augment.colour.PcaShift`.

    Raises:
        InputError: there are no samples, or they are no images.
    """
    if len(source) == 0:
        raise InputError("the training split is empty: there are no colours to take principal components of")
    chosen = torch.randperm(len(source), generator=generator(0, "colour components"))[:limit].sort().values
    count = 0
    mean = products = torch.zeros(())
    for index in chosen.split(_CHUNK):
        images = source.gather(index)[0]
        if images.ndim != 4:
            raise InputError(f"principal components of colours need images (C, H, W), got {tuple(images.shape[1:])}")
        pixels = images.transpose(0, 1).flatten(1).cpu().double()
        added, own = pixels.shape[1], pixels.mean(dim=1)
        off = pixels - own[:, None]
        # Chan, Golub and LeVeque 1983, eq. 2.1: merging means and deviations does not cancel as sums of squares do.
        shift = own - mean
        products = products + off @ off.mT + torch.outer(shift, shift) * (count * added / (count + added))
        mean = mean + shift * (added / (count + added))
        count += added
    values, vectors = torch.linalg.eigh(products / count)
    rows = vectors.mT.flip(0)
    rows = rows * rows.gather(1, rows.abs().argmax(dim=1, keepdim=True)).sign()
    return tuple(tuple(row) for row in (rows * values.flip(0).clamp(min=0)[:, None]).tolist())
