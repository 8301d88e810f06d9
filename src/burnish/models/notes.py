"""What a model has to say about how it was built for its data."""

from __future__ import annotations

from torch import nn


def notes(model: nn.Module) -> tuple[str, ...]:
    """Sentences a user should be told once: padding of odd sizes, say. A module states them in a ``notes`` attribute.

    >>> from burnish.models import create
    >>> notes(create("lenet5", in_channels=1, input_size=28))
    ('lenet5 pads 28x28 images with zeros to 32x32',)
    """
    found: list[str] = []
    for module in model.modules():
        own = getattr(module, "notes", ())
        found.extend(note for note in own if isinstance(note, str)) if isinstance(own, tuple) else None
    return tuple(dict.fromkeys(found))
