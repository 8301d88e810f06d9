"""Where samples come from: the one interface between files or tensors and the loaders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.loaders.order import epoch_order

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels


class Source(ABC):
    """Samples by number.

    ``in_memory`` says whether :meth:`gather` is vectorised (no workers needed). ``costly`` says that it does more than
    copy, so that a thread should do it beside training. ``draws`` says whether it may draw from the global random
    generators, as a user's own augmentation does; the loader then seeds every sample.
    """

    in_memory: bool = False
    costly: bool = False
    draws: bool = False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The samples at ``index`` ``(batch,)``, int64 on the CPU: inputs and targets, stacked on the first dimension.

        Images are float32 in [0, 1], ``(batch, C, H, W)``.
        """

    def for_epoch(self, epoch: int) -> Source:
        """The samples as they are in one epoch; loaders ask at its start. Others than random changes stay the same."""
        return self

    def originals(self, index: Tensor) -> tuple[Iterator[Pixels], Any] | None:
        """Images as they lie in their files, and their targets; None where samples have no form but that of ``gather``.

        Returns:
            Bytes ``(height, width, C)`` of any sizes, one after the other so that only a few are in memory, and the
            stacked targets.
        """
        return None

    def order(self, seed: int, epoch: int) -> Tensor:
        """Sample numbers in the order in which training reads them in an epoch, ``(len,)``: at random.

        A source whose samples are cheaper to read near one another gives an order that is random within limits. It is a
        function of the seed, the epoch and the samples alone, and holds every sample once.
        """
        return epoch_order(len(self), seed, epoch)

    def labels(self) -> Tensor | None:
        """All class labels ``(len,)`` where they are known without reading the inputs, else None."""
        return None

    def to(self, device: torch.device) -> Source:
        """The same samples held on a device, where they are in memory."""
        return self

    def describe(self, index: int) -> str:
        """What a person calls this sample: a path, a row number."""
        return f"sample {index}"


class Subset(Source):
    """Some samples of another source, renumbered from 0.

    >>> from burnish.data.source import TensorSource
    >>> whole = TensorSource(torch.arange(4.0), torch.arange(4))
    >>> Subset(whole, torch.tensor([3, 1])).gather(torch.tensor([0]))[1].tolist()
    [3]
    """

    def __init__(self, source: Source, index: Tensor) -> None:
        self.source = source
        self.index = index
        self.in_memory = source.in_memory
        self.costly = source.costly
        self.draws = source.draws

    def __len__(self) -> int:
        return len(self.index)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The chosen samples, stacked."""
        return self.source.gather(self.index[index])

    def for_epoch(self, epoch: int) -> Source:
        """The same samples as they are in one epoch."""
        source = self.source.for_epoch(epoch)
        return self if source is self.source else Subset(source, self.index)

    def originals(self, index: Tensor) -> tuple[Iterator[Pixels], Any] | None:
        """The chosen images as they lie in their files."""
        return self.source.originals(self.index[index])

    def labels(self) -> Tensor | None:
        """Class labels of these samples, where they are known."""
        labels = self.source.labels()
        return None if labels is None else labels[self.index.to(labels.device)]

    def to(self, device: torch.device) -> Source:
        """The same samples, held on a device."""
        if isinstance(self.source, TensorSource) and self.source.inputs.device != device:
            return self.source.rows(self.index).to(device)  # three splits must not hold the whole set three times
        return Subset(self.source.to(device), self.index)

    def describe(self, index: int) -> str:
        """What a person calls this sample."""
        return self.source.describe(int(self.index[index]))


class TensorSource(Source):
    """Tensors that are already in memory.

    Args:
        inputs: ``(samples, *)``. uint8 images ``(samples, C, H, W)`` stay bytes in memory, come out as float32 / 255.
        targets: ``(samples, *)``; None repeats the inputs, for tasks that learn without labels.

    Raises:
        InputError: the two differ in length.
    """

    in_memory = True

    def __init__(self, inputs: Tensor, targets: Tensor | None = None) -> None:
        if targets is not None and len(targets) != len(inputs):
            raise InputError(
                f"inputs and targets differ in length: {len(inputs)} inputs (shape {tuple(inputs.shape)}), "
                f"{len(targets)} targets (shape {tuple(targets.shape)}); one target a sample is expected"
            )
        self.inputs = inputs
        self.targets = targets

    def __len__(self) -> int:
        return len(self.inputs)

    def rows(self, index: Tensor) -> TensorSource:
        """A copy of some samples, as they are held."""
        index = index.to(self.inputs.device)
        return TensorSource(self.inputs[index], None if self.targets is None else self.targets[index])

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The chosen samples, stacked."""
        index = index.to(self.inputs.device)
        inputs = self.inputs.index_select(0, index)  # copies whole rows: several times faster than inputs[index]
        if inputs.dtype == torch.uint8:
            inputs = inputs.float().div_(255)
        return inputs, inputs if self.targets is None else self.targets.index_select(0, index)

    def labels(self) -> Tensor | None:
        """Class labels of these samples, where they are known."""
        is_label = self.targets is not None and self.targets.ndim == 1 and not self.targets.is_floating_point()
        return self.targets if is_label else None

    def to(self, device: torch.device) -> Source:
        """The same samples, held on a device."""
        targets = None if self.targets is None else self.targets.to(device)
        return TensorSource(self.inputs.to(device), targets)
