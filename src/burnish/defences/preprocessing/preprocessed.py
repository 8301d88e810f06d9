"""A model behind a preprocessing, as an attacker who knows both sees it."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from burnish.defences.preprocessing.straight_through import straight_through


class Preprocessed(nn.Module):
    """Change the images, then run a model; what the gradient of the change is, is the attacker's choice.

    Pixels in [0, 1] go in, so a model with its normalisation (``WithInput``) is wrapped whole. Three attackers compare:
    one who knows the defence attacks this module as it is; a naive one attacks it with ``straight_through=False`` and
    may see nothing but zeros; one who does not know it attacks ``model`` and is then scored on this module.

    Args:
        preprocessing: from pixels in [0, 1] to pixels in [0, 1]; several in a row as ``nn.Sequential``.
        model: any module that takes such pixels.
        straight_through: True passes gradients around the preprocessing
            (:class:`~burnish.defences.preprocessing.straight_through.StraightThrough`), False through it. None does
            what attacks best: around every part that says ``gradient_vanishes``, through the others.

    >>> import torch
    >>> from burnish.defences.preprocessing.bit_depth import BitDepth
    >>> defended = Preprocessed(BitDepth(1), nn.Flatten())
    >>> defended(torch.tensor([[[[0.2, 0.6]]]])).tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, preprocessing: nn.Module, model: nn.Module, straight_through: bool | None = None) -> None:
        super().__init__()
        self.preprocessing = preprocessing
        self.model = model
        self.straight_through = straight_through
        self.training = model.training

    def forward(self, images: Tensor) -> Any:
        return self.model(self._changed(self.preprocessing, images))

    def _changed(self, change: nn.Module, images: Tensor) -> Tensor:
        if self.straight_through is None and isinstance(change, nn.Sequential):
            for part in change:
                images = self._changed(part, images)
            return images
        around = self.straight_through
        if around is None:
            around = getattr(change, "gradient_vanishes", False)
        changed: Tensor = straight_through(change, images) if around else change(images)
        return changed

    def extra_repr(self) -> str:
        return f"straight_through={self.straight_through}"
