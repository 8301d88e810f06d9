"""Swin, the transformer in shifted windows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.permute import Permute
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest, is_small
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.positions import resized_bias_table
from burnish.models.vision.swin_blocks import PatchMerging, SwinBlock, WindowAttention, drawn_linear

_INDEX, _TABLE = ".relative_position_index", ".relative_position_bias_table"


class SwinPyramid(Pyramid):
    """Layers that work on ``(B, H, W, C)`` and hand out ``(B, C, H, W)``."""

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        return [level_BHWC.permute(0, 3, 1, 2) for level_BHWC in super().forward(x_BCHW)]


def _stage_renames(stage: int) -> Iterator[tuple[str, str]]:
    """From timm's names; it counts the stages, torchvision the stages and the mergings between them."""
    block, ours = rf"layers\.{stage}\.blocks\.(\d+)", rf"features.{2 * stage + 1}.\1"
    yield rf"{block}\.mlp\.fc1\.(\w+)", rf"{ours}.mlp.0.\2"
    yield rf"{block}\.mlp\.fc2\.(\w+)", rf"{ours}.mlp.3.\2"
    yield rf"{block}\.(.*)", rf"{ours}.\2"
    yield rf"layers\.{stage}\.downsample\.(.*)", rf"features.{2 * stage}.\1"


class SwinTransformer(ImageModel):
    """A transformer whose attention stays inside windows; the windows shift, and patches merge, on the way up.

    Source: Liu et al. 2021, "Swin transformer: hierarchical vision transformer using shifted windows",
    arXiv:2103.14030, section 3. Changed: maps that the window does not divide are padded with zeros, as torchvision
    does.

    Args:
        depths: blocks of each stage.
        channels: of the first stage; every further stage has twice as many.
        heads: of the first stage's attention; every further stage has twice as many.
        num_classes: outputs.
        in_channels: channels of the image.
        patch_size: pixels of a patch, 4 in the paper.
        window: side of a window, in patches.
        stochastic_depth: chance that the last block's branches are left out; the chance rises from 0 at the first.

    Shape:
        ``(batch, in_channels, H, W)`` of any size from one patch to ``(batch, num_classes)``.

    Raises:
        InputError: a chance outside [0, 1).

    >>> import torch
    >>> model = SwinTransformer((1, 1), 8, 2, num_classes=10, in_channels=3)
    >>> [tuple(level.shape) for level in model.features(torch.zeros(1, 3, 32, 30))]
    [(1, 8, 8, 7), (1, 16, 4, 4)]
    """

    head_names = ("head",)
    renames = (
        (r"patch_embed\.proj\.(\w+)", r"features.0.0.\1"),
        (r"patch_embed\.norm\.(\w+)", r"features.0.2.\1"),
        *(rename for stage in range(4) for rename in _stage_renames(stage)),
        (r"head\.fc\.(\w+)", r"head.\1"),
    )
    attention: ClassVar[type[WindowAttention]] = WindowAttention
    block: ClassVar[type[SwinBlock]] = SwinBlock
    merging: ClassVar[type[PatchMerging]] = PatchMerging

    def __init__(
        self,
        depths: tuple[int, ...],
        channels: int,
        heads: int,
        *,
        num_classes: int,
        in_channels: int,
        patch_size: int = 4,
        window: int = 7,
        stochastic_depth: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= stochastic_depth < 1:
            raise InputError(
                f"stochastic_depth must lie in [0, 1), got {stochastic_depth}: it is a chance to be left out"
            )
        patches = nn.Conv2d(in_channels, channels, patch_size, stride=patch_size)
        layers: list[nn.Module] = [nn.Sequential(patches, Permute(0, 2, 3, 1), nn.LayerNorm(channels))]
        last = max(1, sum(depths) - 1)
        for stage, depth in enumerate(depths):
            width = channels * 2**stage
            if stage:
                layers.append(self.merging(width // 2))
            blocks = []
            for number in range(depth):
                attention = self.attention(width, heads * 2**stage, window, window // 2 if number % 2 else 0)
                survival = 1 - stochastic_depth * (sum(depths[:stage]) + number) / last
                blocks.append(self.block(attention, width, survival))
            layers.append(nn.Sequential(*blocks))
        self.features = SwinPyramid(layers, taps=range(1, len(layers), 2))
        self.norm = nn.LayerNorm(width)
        self.head = drawn_linear(width, num_classes)
        self.window = window
        self.levels = tuple(
            Level(f"stage{stage + 1}", channels * 2**stage, patch_size * 2**stage) for stage in range(len(depths))
        )

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        stages: dict[str, tuple[str, ...]] = {"stem": ("features.0",), "stage1": ("features.1",)}
        for number in range(2, len(self.levels) + 1):
            stages[f"stage{number}"] = (f"features.{2 * number - 2}", f"features.{2 * number - 1}")
        stages[f"stage{len(self.levels)}"] += ("norm",)
        return {**stages, "head": ("head",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        last_BHWC = self.features(x_BCHW)[-1].permute(0, 2, 3, 1)
        return self.head(self.norm(last_BHWC).mean(dim=(1, 2)))  # type: ignore[no-any-return]

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The layout of timm too, and the authors' own, which counts a merging to the stage before it."""
        if not any(name.startswith("layers.") for name in state):
            return dict(state)
        if any(name.startswith("layers.0.downsample.") for name in state):
            state = {_merging_renamed(name): tensor for name, tensor in state.items()}
        structure = {name: buffer for name, buffer in self.named_buffers() if name in self.state_dict()}
        named = {name: tensor for name, tensor in super().translate(state).items() if not name.endswith(".attn_mask")}
        return {**named, **structure}

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict in this layout with its biases of relative positions resized to this model's window."""
        own, fitted = self.state_dict(), dict(state)
        for name, tensor in state.items():
            if name.endswith(_INDEX) and name in own:
                fitted[name] = own[name]
            elif name.endswith(_TABLE) and name in own and len(tensor) != len(own[name]):
                before = (math.isqrt(len(tensor)) + 1) // 2
                fitted[name] = resized_bias_table(tensor, (before, before), (self.window, self.window))
        return fitted


def _merging_renamed(name: str) -> str:
    layers, number, *rest = name.split(".")
    return ".".join((layers, str(int(number) + 1), *rest)) if rest[:1] == ["downsample"] else name


@dataclass(frozen=True)
class SwinVariant:
    """What tells the variants of a family apart: the paper's section 3.3."""

    depths: tuple[int, ...]
    channels: int
    heads: int
    stochastic_depth: float
    published: tuple[Published, ...]

    def build(
        self,
        kind: type[SwinTransformer],
        name: str,
        num_classes: int,
        in_channels: int,
        size: tuple[int, int],
        *,
        window: int,
        stem: str,
        stochastic_depth: float,
    ) -> SwinTransformer:
        """The model for images of this size, with its notes."""
        small = stem == "small" or (stem == "auto" and is_small(size))
        patch, window = (2, 4) if small else (4, window)
        check_smallest(name, size, patch)
        model = kind(
            self.depths,
            self.channels,
            self.heads,
            num_classes=num_classes,
            in_channels=in_channels,
            patch_size=patch,
            window=window,
            stochastic_depth=stochastic_depth,
        )
        pixels = f"{size[0]}x{size[1]} images"
        if small:
            told = f"{name} takes patches of 2 pixels and windows of 4 patches for {pixels}"
            model.notes = (f"{told} (stem=imagenet keeps the published ones)",)
        shrunk = (math.ceil(side // patch / 2**stage) for side in size for stage in range(len(self.depths)))
        if any(side % window for side in shrunk):
            model.notes += (f"{name} pads its maps of {pixels} with zeros to whole windows of {window}",)
        return model


def _weights(file: str, resize: int) -> tuple[Published, ...]:
    name = file.split("-")[0]
    size = {"t": "tiny", "s": "small", "b": "base"}[name[-1]]
    authors = f"timm:swin_{size}_patch4_window7_224.ms_in1k"
    return (
        Published(f"torchvision:{name}", file, Preparation(224, resize, "bicubic")),
        Published(authors, preparation=Preparation(224, 248, "bicubic")),
    )


_VARIANTS = {
    "swin-t": SwinVariant((2, 2, 6, 2), 96, 3, 0.2, _weights("swin_t-704ceda3.pth", 232)),
    "swin-s": SwinVariant((2, 2, 18, 2), 96, 3, 0.3, _weights("swin_s-5e29d889.pth", 246)),
    "swin-b": SwinVariant((2, 2, 18, 2), 128, 4, 0.5, _weights("swin_b-68c6b09e.pth", 238)),
}


def _register(name: str) -> None:
    variant = _VARIANTS[name]

    @register(
        name,
        kinds=("image",),
        paper="Liu et al. 2021, arXiv:2103.14030",
        native_size=224,
        summary=f"transformer in shifted windows of 7, {sum(variant.depths)} blocks, {variant.channels} channels",
        published=variant.published,
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        stem: Literal["auto", "imagenet", "small"] = "auto",
        stochastic_depth: float = variant.stochastic_depth,
    ) -> nn.Module:
        """A Swin transformer; the small stem takes patches of 2 pixels instead of 4 and windows of 4 instead of 7."""
        return variant.build(
            SwinTransformer,
            name,
            num_classes,
            in_channels,
            input_size or (224, 224),
            window=7,
            stem=stem,
            stochastic_depth=stochastic_depth,
        )


for _name in _VARIANTS:
    _register(_name)
