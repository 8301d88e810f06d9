"""ConvNeXt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.permute import Permute
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.layers.undrawn import undrawn
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest, is_small
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register


class LayerNorm2d(nn.LayerNorm):
    """Normalise the channels of every pixel of ``(B, C, H, W)`` maps."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BHWC = x_BCHW.permute(0, 2, 3, 1)
        x_BHWC = F.layer_norm(x_BHWC, self.normalized_shape, self.weight, self.bias, self.eps)
        return x_BHWC.permute(0, 3, 1, 2)


LayerT = TypeVar("LayerT", nn.Conv2d, nn.Linear)


def _draw(layer: LayerT) -> LayerT:
    # torchvision cuts this normal at +-2, which is a hundred standard deviations away.
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _drawn(kind: type[LayerT], *arguments: Any, **options: Any) -> LayerT:
    return _draw(undrawn(kind, *arguments, **options))


class ConvNeXtBlock(nn.Module):
    """A 7x7 convolution of each channel, then two layers for each pixel; added to what came in.

    Source: Liu et al. 2022, arXiv:2201.03545, figure 4.
    """

    def __init__(self, channels: int, layer_scale: float, survival: float) -> None:
        super().__init__()
        self.block = nn.Sequential(
            _drawn(nn.Conv2d, channels, channels, 7, padding=3, groups=channels),
            Permute(0, 2, 3, 1),
            nn.LayerNorm(channels, eps=1e-6),
            _drawn(nn.Linear, channels, 4 * channels),
            nn.GELU(),
            _drawn(nn.Linear, 4 * channels, channels),
            Permute(0, 3, 1, 2),
        )
        self.layer_scale = nn.Parameter(torch.full((channels, 1, 1), layer_scale))
        self.stochastic_depth = StochasticDepth(survival)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        # Dropping a sample's scale drops its branch; scale and sum are then one pass over the maps.
        scale_B1 = self.layer_scale
        if self.training and self.stochastic_depth.survival < 1:
            scale_B1 = self.stochastic_depth(scale_B1.expand(len(x_BCHW), -1, -1, -1))
        return torch.addcmul(x_BCHW, self.block(x_BCHW), scale_B1)


def _stage_renames(stage: int) -> Iterator[tuple[str, str]]:
    """From timm's names; it counts the stages, torchvision the stages and what shrinks the maps between them."""
    block, ours = rf"stages\.{stage}\.blocks\.(\d+)", rf"features.{2 * stage + 1}.\1"
    yield rf"stages\.{stage}\.downsample\.([01])\.(\w+)", rf"features.{2 * stage}.\1.\2"
    yield rf"{block}\.gamma", rf"{ours}.layer_scale"
    for theirs, position in ((r"conv_dw", 0), (r"norm", 2), (r"mlp\.fc1", 3), (r"mlp\.fc2", 5)):
        yield rf"{block}\.{theirs}\.(\w+)", rf"{ours}.block.{position}.\2"


class ConvNeXt(ImageModel):
    """A convolutional network with the proportions of a transformer: patches, wide kernels, few normalisations.

    Source: Liu et al. 2022, "A ConvNet for the 2020s", arXiv:2201.03545, section 2; widths and depths of section 3.

    Args:
        depths: blocks of each stage.
        widths: channels of each stage.
        num_classes: outputs.
        in_channels: channels of the image.
        patch_size: pixels of the stem's patches, 4 in the paper.
        stochastic_depth: chance that the last block's branch is left out; the chance rises from 0 at the first.
        layer_scale: first value of the weights that scale each branch; 1e-6 makes a fresh network almost linear.

    Shape:
        ``(batch, in_channels, H, W)`` of any size from ``8 * patch_size`` to ``(batch, num_classes)``.

    Raises:
        InputError: a chance outside [0, 1).

    >>> model = ConvNeXt((1, 1), (4, 8), num_classes=10, in_channels=3)
    >>> [tuple(level.shape) for level in model.features(torch.zeros(1, 3, 32, 32))]
    [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    head_names = ("classifier.2",)
    renames = (
        (r"stem\.([01])\.(\w+)", r"features.0.\1.\2"),
        *(rename for stage in range(4) for rename in _stage_renames(stage)),
        (r"head\.norm\.(\w+)", r"classifier.0.\1"),
        (r"head\.fc\.(\w+)", r"classifier.2.\1"),
    )

    def __init__(
        self,
        depths: tuple[int, ...],
        widths: tuple[int, ...],
        *,
        num_classes: int,
        in_channels: int,
        patch_size: int = 4,
        stochastic_depth: float = 0.0,
        layer_scale: float = 1e-6,
    ) -> None:
        super().__init__()
        if not 0 <= stochastic_depth < 1:
            raise InputError(
                f"stochastic_depth must lie in [0, 1), got {stochastic_depth}: it is a chance to be left out"
            )
        stem = _drawn(nn.Conv2d, in_channels, widths[0], patch_size, stride=patch_size)
        layers: list[nn.Module] = [nn.Sequential(stem, LayerNorm2d(widths[0], eps=1e-6))]
        last = max(1, sum(depths) - 1)
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            if stage:
                before = widths[stage - 1]
                shrink = _drawn(nn.Conv2d, before, width, 2, stride=2)
                layers.append(nn.Sequential(LayerNorm2d(before, eps=1e-6), shrink))
            first = sum(depths[:stage])
            survivals = [1 - stochastic_depth * number / last for number in range(first, first + depth)]
            layers.append(nn.Sequential(*(ConvNeXtBlock(width, layer_scale, survival) for survival in survivals)))
        self.features = Pyramid(layers, taps=range(1, len(layers), 2))
        norm = LayerNorm2d(widths[-1], eps=1e-6)
        self.classifier = nn.Sequential(norm, nn.Flatten(1), _drawn(nn.Linear, widths[-1], num_classes))
        self.levels = tuple(
            Level(f"stage{stage + 1}", width, patch_size * 2**stage) for stage, width in enumerate(widths)
        )

    def initialise_head_(self, head: nn.Linear) -> None:
        _draw(head)

    def stages(self) -> dict[str, tuple[str, ...]]:
        stages: dict[str, tuple[str, ...]] = {"stem": ("features.0",), "stage1": ("features.1",)}
        for number in range(2, len(self.levels) + 1):
            stages[f"stage{number}"] = (f"features.{2 * number - 2}", f"features.{2 * number - 1}")
        stages[f"stage{len(self.levels)}"] += ("classifier.0",)
        return {**stages, "head": ("classifier.2",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        last_BCHW = self.features(x_BCHW)[-1]
        return self.classifier(last_BCHW.mean(dim=(2, 3), keepdim=True))  # type: ignore[no-any-return]

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Timm's layout too, whose layers for each pixel may be 1x1 convolutions."""
        return {name: _shaped(name, tensor) for name, tensor in super().translate(state).items()}


def _shaped(name: str, tensor: Tensor) -> Tensor:
    if name.endswith(".layer_scale"):
        return tensor.view(-1, 1, 1)
    return tensor.flatten(1) if name.endswith((".block.3.weight", ".block.5.weight")) else tensor


@dataclass(frozen=True)
class _Variant:
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stochastic_depth: float
    published: tuple[Published, ...]


def _weights(file: str, resize: int) -> tuple[Published, ...]:
    name = file.split("-")[0]
    meta = Published(f"timm:{name}.fb_in1k", preparation=Preparation(224, 256, "bicubic"))
    return (Published(f"torchvision:{name}", file, Preparation(224, resize)), meta)


_ATTO = (Published("timm:convnext_atto.d2_in1k", preparation=Preparation(224, 256, "bicubic")),)
_DEEP = (3, 3, 27, 3)
_VARIANTS = {
    "convnext-atto": _Variant((2, 2, 6, 2), (40, 80, 160, 320), 0.0, _ATTO),
    "convnext-tiny": _Variant((3, 3, 9, 3), (96, 192, 384, 768), 0.1, _weights("convnext_tiny-983f1562.pth", 236)),
    "convnext-small": _Variant(_DEEP, (96, 192, 384, 768), 0.4, _weights("convnext_small-0c510722.pth", 230)),
    "convnext-base": _Variant(_DEEP, (128, 256, 512, 1024), 0.5, _weights("convnext_base-6075fbad.pth", 232)),
    "convnext-large": _Variant(_DEEP, (192, 384, 768, 1536), 0.5, _weights("convnext_large-ea097f82.pth", 232)),
}


def _register(name: str) -> None:
    variant = _VARIANTS[name]

    @register(
        name,
        kinds=("image",),
        paper="Liu et al. 2022, arXiv:2201.03545",
        native_size=224,
        summary=f"convolutions in the proportions of a transformer, {name.removeprefix('convnext-')}",
        published=variant.published,
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        stem: Literal["auto", "imagenet", "small"] = "auto",
        stochastic_depth: float = variant.stochastic_depth,
    ) -> nn.Module:
        """A ConvNeXt; the small stem takes patches of 2 pixels instead of 4."""
        size = input_size or (224, 224)
        small = stem == "small" or (stem == "auto" and is_small(size))
        check_smallest(name, size, 16 if small else 32)
        model = ConvNeXt(
            variant.depths,
            variant.widths,
            num_classes=num_classes,
            in_channels=in_channels,
            patch_size=2 if small else 4,
            stochastic_depth=stochastic_depth,
        )
        if small:
            told = f"{name} takes patches of 2 pixels for {size[0]}x{size[1]} images"
            model.notes = (f"{told} (stem=imagenet keeps those of 4)",)
        return model


for _name in _VARIANTS:
    _register(_name)
