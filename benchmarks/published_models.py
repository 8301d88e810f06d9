"""Models of torchvision and timm with random weights, to compare with; beside a CPU build of torch too.

The published wheel of torchvision belongs to one build of torch. Beside another its compiled operators are missing, and
importing it fails unless the schemas of two of them are declared first; the classifiers need neither. Both packages
are for comparisons alone, installed without their dependencies:
``pip install --no-deps torchvision==0.28.0 timm==1.0.31``.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from types import ModuleType
from typing import Any

import torch
from torch import nn

_kept: list[Any] = []


def missing(*packages: str) -> list[str]:
    """Those that are not installed; finding out does not import them."""
    return [package for package in packages if importlib.util.find_spec(package) is None]


@functools.cache
def torchvision() -> ModuleType:
    """The package, made to import."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)  # the operators vanish with it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torchvision as package
        import torchvision.models

        package.extension._has_ops = lambda: True
    return package


def torchvision_model(name: str, **options: Any) -> nn.Module:
    """A classifier of torchvision."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torchvision().models.get_model(name, weights=None, **options)


def timm_model(name: str, **options: Any) -> nn.Module:
    """A classifier of timm."""
    torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import timm

        return timm.create_model(name, pretrained=False, **options)
