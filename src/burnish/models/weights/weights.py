"""Weights from anywhere, read when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from burnish.common.errors import InputError, did_you_mean
from burnish.models.published import Preparation
from burnish.models.registry import ModelEntry
from burnish.models.weights import files, hub
from burnish.models.weights.preparing import from_run, from_timm
from burnish.models.weights.reading import read_state
from burnish.models.weights.source import EXPECTED, model_of, parse, published


class Weights:
    """Weights that can be loaded. What is known without the file itself is known before it is fetched.

    Args:
        source: ``torchvision:NAME``, ``timm:NAME.TAG``, the path of a file, of a run or of a folder with timm's two
            files, or a state dict.
        model: what the registry knows about the model they are for, where it is a named one.

    Raises:
        InputError: the source cannot be read, nobody publishes it, or it belongs to another model.

    >>> Weights("torchvision:resnet18").preparation.crop
    224
    """

    def __init__(self, source: str | Path | Mapping[str, Tensor], model: ModelEntry | None = None) -> None:
        self._given: dict[str, Tensor] | None = None
        self._for = model
        if not isinstance(source, str | Path | Mapping):
            raise InputError(f"weights must be {EXPECTED}, or a dict of tensors, got {type(source).__name__}")
        if isinstance(source, Mapping):
            self._given = {str(name): tensor for name, tensor in source.items() if isinstance(tensor, Tensor)}
            if not self._given:
                raise InputError("the state dict has no tensors")
            self.source = "the given state dict"
            return
        self._parsed = parse(source)
        self.source = str(self._parsed)
        self._published = published(self._parsed, model)
        if self._parsed.hub == "file":
            _ = self.path

    @property
    def wanted_by(self) -> str | None:
        """The named model that they are meant for here, where it is one."""
        return self._for.name if self._for is not None else None

    @cached_property
    def path(self) -> Path:
        """The file, fetched where it is not here yet.

        Raises:
            InputError: it is nowhere and cannot be fetched, or it is damaged.
        """
        if self._parsed.hub == "timm":
            return hub.locate(self._parsed.name, "model.safetensors")
        if self._parsed.hub == "torchvision":
            assert self._published is not None
            return files.locate(self._published.file)
        found = files.find(self._parsed.name)
        if found is not None and found.is_dir():
            found = found / "model.safetensors" if (found / "model.safetensors").is_file() else None
        if found is None:
            raise self._no_file()
        if self._published is not None:  # a file of torchvision's, by its name
            files.check(found, files.promised_digits(self._published.file))
        return found

    def _no_file(self) -> InputError:
        given = Path(self._parsed.name).expanduser()
        if given.is_dir():
            return InputError(f"{given} is a folder without model.safetensors: expected {EXPECTED}")
        if self._for is not None and self._for.published:
            known = ", ".join(known.source for known in self._for.published)
            return InputError(
                f"there are no weights '{given}': known for {self._for.name} are {known}; a .pth, .pt, .th or "
                ".safetensors file will do as well"
            )
        siblings = [path.name for path in given.parent.iterdir()] if given.parent.is_dir() else []
        return InputError(f"there are no weights '{given}'{did_you_mean(given.name, siblings)}: expected {EXPECTED}")

    @cached_property
    def preparation(self) -> Preparation | None:
        """How the images were prepared that the weights were trained on; None where nothing says it."""
        if self._given is not None:
            return None
        if self._config:
            return from_timm(self._config)
        if self._published is not None:
            return self._published.preparation
        return from_run(self.path)

    @property
    def model(self) -> str | None:
        """The named model that they are published for; None where no model lists them."""
        return None if self._given is not None else model_of(self._parsed)

    @property
    def licence(self) -> str:
        """What the publisher states; empty where nothing is."""
        return str(self._config.get("pretrained_cfg", self._config).get("license") or "")

    @cached_property
    def _config(self) -> dict[str, Any]:
        """Timm's ``config.json``; empty for other weights."""
        if self._given is not None or self._parsed.hub == "torchvision":
            return {}
        if self._parsed.hub == "timm":
            path = hub.locate(self._parsed.name, "config.json")
        else:
            path = self.path.parent / "config.json"
            if self.path.name != "model.safetensors" or not path.is_file():
                return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            from_timm(found)
        except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
            raise InputError(f"{path} is damaged ({error}): fetch it again") from None
        return dict(found)

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the file; empty for a state dict."""
        return "" if self._given is not None else files.sha256(self.path)

    @cached_property
    def state(self) -> dict[str, Tensor]:
        """The tensors by name, in whatever layout they were published.

        Raises:
            InputError: the file cannot be fetched or read.
        """
        return read_state(self.path) if self._given is None else self._given
