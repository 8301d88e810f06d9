"""Samples of another source, changed at random anew in every epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.draws import Draws
from burnish.data.augment.moving import check_targets, move_targets
from burnish.data.augment.operation import Size
from burnish.data.augment.random_source import RandomSource
from burnish.data.source import Source

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels

_DECODED_BYTES = 32 * 2**20
"""Decoded files that wait to be changed together take about this much."""


class AugmentedSource(RandomSource):
    """Images of another source under an augmentation.

    What happens to a sample is a function of the seed, the epoch and its number here, so it does not matter who gathers
    it, with which others, and when; so is the other sample that it is mixed with. Images that lie in files are decoded
    and moved from their own size to that of the input in one resampling; images in memory are changed a batch at a
    time, on the device where they are.

    Args:
        source: a training split.
        augmentation: what may happen.
        seed: the user's seed.
        canvas: height and width of the images that come out; by default those of the source's.
        kinds: what each target is where they are a dict of tensors, see :mod:`burnish.data.augment.moving`.
        classes: number of classes, for samples that are mixed; 0 where targets are numbers.
        epoch: see :meth:`for_epoch`.

    Raises:
        InputError: targets that the augmentation cannot move.

    >>> from burnish.data.augment.geometry import HorizontalFlip
    >>> from burnish.data.source import TensorSource
    >>> pair = TensorSource(torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([0]))
    >>> AugmentedSource(pair, Augmentation((HorizontalFlip(probability=1.0),)), 0).gather(torch.tensor([0]))
    (tensor([[[[1., 0.]]]]), tensor([0]))
    """

    def __init__(
        self,
        source: Source,
        augmentation: Augmentation,
        seed: int,
        *,
        canvas: Size | None = None,
        kinds: Mapping[str, str] | None = None,
        classes: int = 0,
        epoch: int = 0,
    ) -> None:
        check_targets(kinds or {}, augmentation)
        super().__init__(source, augmentation.operations, seed, classes, epoch)
        self.augmentation = augmentation
        self.canvas = canvas
        self.kinds = kinds or {}

    def for_epoch(self, epoch: int) -> AugmentedSource:
        """The samples as they are in one epoch."""
        return self._over(self.source.for_epoch(epoch), epoch)

    def to(self, device: torch.device) -> AugmentedSource:
        """The same samples, held on a device where they are in memory."""
        return self._over(self.source.to(device), self.epoch)

    def changed(self, index: Tensor, draws: Draws) -> tuple[Any, Any]:
        """The samples after everything but mixing: float images in [0, 1], ``(batch, C, *canvas)``, and targets."""
        files = self.source.originals(index) if self.canvas is not None else None
        if files is not None:
            pictures, targets = files
            inputs, maps, given = self._from_files(pictures, index)
            return inputs, self._moved(targets, maps, given)
        held, targets = self.source.gather(index)
        inputs, maps = self.augmentation.batch(held, draws, self.canvas)
        if targets is held:  # learnt without labels, so what is to be made is what was shown
            return inputs, inputs
        return inputs, self._moved(targets, maps, torch.tensor(held.shape[2:]).double().expand(len(held), 2))

    def _from_files(self, pictures: Iterator[Pixels], index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """New images, the maps that moved them, and the sizes that they had; a few files at a time."""
        assert self.canvas is not None
        inputs, maps, sizes = [], [], []
        done = 0
        for group in _groups(pictures):
            own = Draws(self.seed, self.epoch, index[done : done + len(group)])
            made, moved = self.augmentation.pictures(group, own, self.canvas)
            inputs.append(made)
            maps.append(moved)
            sizes += [picture.shape[:2] for picture in group]
            done += len(group)
        return _joined(inputs), _joined(maps), torch.tensor(sizes, dtype=torch.float64)

    def _moved(self, targets: Any, maps: Tensor, given: Tensor) -> Any:
        if not self.kinds:
            return targets
        canvas = self.canvas or (int(given[0, 0]), int(given[0, 1]))
        return move_targets(targets, self.kinds, maps, given, canvas, self.augmentation.fill)

    def _over(self, source: Source, epoch: int) -> AugmentedSource:
        return AugmentedSource(
            source,
            self.augmentation,
            self.seed,
            canvas=self.canvas,
            kinds=self.kinds,
            classes=self.classes,
            epoch=epoch,
        )


def _groups(pictures: Iterator[Pixels]) -> Iterator[list[Pixels]]:
    """Pictures in lists that do not take much memory: a batch of photos as cameras make them would take gigabytes."""
    group: list[Pixels] = []
    held = 0
    for picture in pictures:
        group.append(picture)
        held += picture.nbytes
        if held >= _DECODED_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
