"""What every image classifier of the zoo offers beside its logits: a pyramid of features, stages, a new head."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor, nn

from burnish.common.errors import InputError


@dataclass(frozen=True)
class Level:
    """One level of a feature pyramid: maps ``(batch, channels, height / stride, width / stride)``.

    Attributes:
        name: the stage that ends here.
        channels: of the maps.
        stride: pixels of the image from one position to the next.
    """

    name: str
    channels: int
    stride: int


class ImageModel(nn.Module):
    """Base of the image classifiers.

    A family gives :attr:`levels`, :attr:`head_names`, :meth:`stages` and ``features``, which is a method, or a
    :class:`burnish.models.pyramid.Pyramid` where the published layout calls the body ``features``. Images of any size
    that the windows allow go in; where a model pads or changes its stem it says so in :attr:`notes`.

    Attributes:
        levels: what ``features`` returns, finest first: one level a resolution, the deepest map that has it.
        features: from images ``(B, C, H, W)`` to one map a level, ``(B, channels, H', W')`` each.
        head_names: names of the layers whose outputs are the classes, the main one first; those that a variant lacks
            (auxiliary classifiers) are passed over.
        renames: pairs of a pattern and its replacement that turn names of another published layout (timm's) into this
            model's; see :meth:`translate`.
        notes: what a user should be told once.

    A family whose weights depend on the size of images (position embeddings) also has ``fit_state(state)``, which gives
    a state dict in this layout for this model's size; loading weights calls it.
    """

    levels: tuple[Level, ...]
    features: Callable[[Tensor], list[Tensor]]
    head_names: ClassVar[tuple[str, ...]]
    renames: ClassVar[tuple[tuple[str, str], ...]] = ()
    notes: tuple[str, ...] = ()

    def stages(self) -> dict[str, tuple[str, ...]]:
        """Names of the modules and parameters of each stage, from ``stem`` to ``head``.

        Transfer learning freezes and slows down by stage. A name stands for everything below it, and every parameter
        belongs to exactly one stage.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its stages are")

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by stage, from ``stem`` to ``head``."""
        groups: dict[str, list[nn.Parameter]] = {stage: [] for stage in self.stages()}
        owner = {name: stage for stage, names in self.stages().items() for name in names}
        for name, parameter in self.named_parameters():
            parts = name.split(".")
            prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
            groups[next(owner[prefix] for prefix in prefixes if prefix in owner)].append(parameter)
        return groups

    def reset_head(self, num_classes: int) -> Self:
        """Replace the classifying layers, auxiliary ones too, by fresh ones for another number of classes.

        Args:
            num_classes: outputs from now on.

        Returns:
            The model itself.

        Raises:
            InputError: the number is not a positive whole one.
        """
        if not isinstance(num_classes, int) or isinstance(num_classes, bool) or num_classes < 1:
            raise InputError(f"num_classes must be a positive whole number, got {num_classes!r}")
        for name in self.present_heads():
            old = self.get_submodule(name)
            assert isinstance(old, nn.Linear)
            fresh = nn.Linear(
                old.in_features, num_classes, old.bias is not None, device=old.weight.device, dtype=old.weight.dtype
            )
            self.initialise_head_(fresh)
            self.set_submodule(name, fresh.train(old.training))
        return self

    def initialise_head_(self, head: nn.Linear) -> None:
        """Draw the weights of a fresh head; torch's own draw unless a family overrides it."""

    def present_heads(self) -> tuple[str, ...]:
        """Those of :attr:`head_names` that this variant has."""
        modules = {name for name, _ in self.named_modules()}
        return tuple(name for name in self.head_names if name in modules)

    @property
    def num_classes(self) -> int:
        """Outputs of the main head."""
        head = self.get_submodule(self.head_names[0])
        assert isinstance(head, nn.Linear)
        return head.out_features

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A published state dict in this model's layout.

        The first of :attr:`renames` whose pattern matches a whole name decides; names that none matches stay. A family
        whose tensors differ in shape or order as well overrides this.
        """
        return {self._renamed(name): tensor for name, tensor in state.items()}

    def _renamed(self, name: str) -> str:
        for pattern, replacement in self.renames:
            found = re.fullmatch(pattern, name)
            if found is not None:
                return found.expand(replacement)
        return name
