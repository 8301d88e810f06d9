"""The models that pruning is tried on: burnish's own, and those that its peers try or are known for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from burnish.models import create, entry, names
from pruning_peer import CLASSES, cifar_models
from pruning_transformers import TEXT, builders, words
from published_models import missing, timm_model, torchvision, torchvision_model

SOURCES = ("zoo", "cifar", "torchvision", "timm", "transformers")
SIDE = 64
"""Inputs are this wide where the arithmetic allows: what goes and what stays does not depend on it."""


@dataclass(frozen=True)
class Case:
    """One model to cut, with what makes it anew and an input for it."""

    source: str
    family: str
    name: str
    build: Callable[[], nn.Module] = field(repr=False)
    side: int = SIDE
    batch: int = 2
    takes_words: bool = False

    def example(self) -> Tensor:
        if self.takes_words:
            return words(self.batch)
        return torch.rand(self.batch, 3, self.side, self.side, generator=torch.Generator().manual_seed(0))


def cases(source: str, peer_models: Path | None = None) -> list[Case]:
    """Every model of a source that is installed here."""
    if source == "zoo":
        return [_of_zoo(name) for name in names() if "image" in entry(name).kinds and name != "gan"]
    if source == "cifar":
        made = cifar_models(peer_models).items()
        return [Case("cifar", name, name, build, 224 if name == "swin_t" else 32) for name, build in made]
    if missing(source):
        return []
    if source == "transformers":
        made = builders(CLASSES).items()
        return [Case(source, name, name, build, takes_words=name in TEXT) for name, build in made]
    return _of_torchvision() if source == "torchvision" else [_of_timm(*known) for known in TIMM]


def _of_zoo(name: str) -> Case:
    family = entry(name).builder.__module__.rpartition(".")[2]
    if "1202" in name:
        family += ", 1202 layers"
    side = ZOO_SIDES.get(name, min(entry(name).native_size or 16, SIDE))
    return Case("zoo", family, name, lambda: create(name, CLASSES, 3, side), side)


ZOO_SIDES = {"alexnet-2012": 227, "inception-v3": 96, "inception-v4": 96, "inception-resnet-v2": 96, "vit-h-14": 56}

SEGMENTATION = (
    "fcn_resnet50",
    "fcn_resnet101",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
    "deeplabv3_mobilenet_v3_large",
    "lraspp_mobilenet_v3_large",
)


def _of_torchvision() -> list[Case]:
    models = torchvision().models
    found = []
    for name in (*models.list_models(module=models), *SEGMENTATION):
        family = "segmentation" if name in SEGMENTATION else models.get_model_builder(name).__module__.split(".")[-1]
        side = {"inception_v3": 96, "vit_h_14": 56, "maxvit_t": 224}.get(name, SIDE)
        options: dict[str, Any] = {"num_classes": CLASSES}
        if family == "vision_transformer":
            options["image_size"] = side
        if name in ("googlenet", "inception_v3"):
            options |= {"aux_logits": False, "init_weights": False}
        if name in SEGMENTATION:
            options["weights_backbone"] = None
        build = lambda name=name, options=options: torchvision_model(name, **options)  # noqa: E731
        found.append(Case("torchvision", family, name, build, side))
    return found


TIMM: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("beit_base_patch16_224", 64, {"img_size": 64, "depth": 4}),
    ("cait_xxs24_224", 64, {"img_size": 64}),
    ("coatnet_nano_rw_224", 64, {"img_size": 64}),
    ("convmixer_768_32", 64, {}),
    ("convnextv2_atto", 64, {}),
    ("cspresnet50", 64, {}),
    ("deit_tiny_distilled_patch16_224", 64, {"img_size": 64}),
    ("dla34", 64, {}),
    ("dpn68", 64, {}),
    ("efficientnetv2_rw_t", 64, {}),
    ("ghostnet_100", 64, {}),
    ("hgnetv2_b0", 64, {}),
    ("hrnet_w18_small", 64, {}),
    ("inception_next_tiny", 64, {}),
    ("lcnet_050", 64, {}),
    ("mambaout_femto", 64, {}),
    ("mixer_s32_224", 224, {}),
    ("mobilenetv4_conv_small", 64, {}),
    ("mobilevit_xxs", 64, {}),
    ("nf_resnet26", 64, {}),
    ("poolformer_s12", 64, {}),
    ("pvt_v2_b0", 64, {}),
    ("repvgg_a0", 64, {}),
    ("res2net50_26w_4s", 64, {}),
    ("resnest14d", 64, {}),
    ("resnetv2_50", 64, {}),
    ("rexnet_100", 64, {}),
    ("seresnet18", 64, {}),
    ("skresnet18", 64, {}),
    ("starnet_s1", 64, {}),
    ("swin_tiny_patch4_window7_224", 224, {}),
    ("vit_tiny_patch16_224", 64, {"img_size": 64}),
    ("vovnet39a", 64, {}),
    ("xcit_nano_12_p16_224", 64, {"img_size": 64}),
)
"""One small model of a family: name, width of the input, options."""


def _of_timm(name: str, side: int, options: dict[str, Any]) -> Case:
    return Case("timm", name, name, lambda: timm_model(name, num_classes=CLASSES, **options), side)
