"""A data set as every verb sees it: three splits and a schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.data.source import Source

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Data:
    """Train, validation and test splits with the schema they share.

    ``origin`` is what :func:`burnish.data.load` needs to load the same thing again (a name or an absolute path), or
    None for tensors that live only in this process. ``notes`` are what a user should be told once: what was inferred,
    what was skipped.
    """

    name: str
    schema: Schema
    train: Source
    validation: Source
    test: Source
    origin: str | None = None
    notes: tuple[str, ...] = ()

    def split(self, name: str) -> Source:
        """A split by name.

        Raises:
            InputError: the name is not a split, or that split is empty.
        """
        if name not in ("train", "validation", "test"):
            raise InputError(f"unknown split '{name}': expected train, validation or test")
        source: Source = getattr(self, name)
        if len(source) == 0:
            raise InputError(f"the {name} split of {self.name} is empty: score another split, or give the data one")
        return source
