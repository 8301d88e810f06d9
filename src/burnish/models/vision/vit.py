"""The vision transformer."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import is_small
from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.positions import resized_positions
from burnish.models.vision.vit_encoder import Encoder, EncoderBlock

_SMALL_PATCH = 4


class VisionTransformer(ImageModel):
    """An image as a sequence of patches, read by a transformer; a class token gathers the answer.

    Source: Dosovitskiy et al. 2020, "An image is worth 16x16 words", arXiv:2010.11929, section 3.1. Changed: no
    hidden layer in the head; stochastic depth as in Touvron et al. 2020, arXiv:2012.12877.

    The weights of positions belong to one size of image: build it for the size you have
    (``create(..., input_size=)``). Sides that the patch does not divide are padded with zeros at the right and bottom.

    Args:
        name: of the variant, for messages.
        patch_size: side of a patch in pixels.
        depth: blocks.
        width: numbers in a token.
        heads: of each attention.
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width.
        dropout: on positions, and behind attention and both layers of each block.
        stochastic_depth: chance that the last block's branches are left out; the chance rises from 0 at the first.

    Shape:
        ``(batch, in_channels, *input_size)`` to ``(batch, num_classes)``.

    Raises:
        InputError: a patch below one pixel, a chance outside [0, 1), or images of another size in the forward.

    >>> model = VisionTransformer("vit", 8, 1, 16, 2, num_classes=10, in_channels=3, input_size=(30, 32))
    >>> model.notes, model.encoder.pos_embedding.shape[1]
    (('vit pads 30x32 images with zeros to 32x32',), 17)
    """

    head_names = ("heads.head",)
    renames = (
        (r"cls_token", "class_token"),
        (r"pos_embed", "encoder.pos_embedding"),
        (r"patch_embed\.proj\.(\w+)", r"conv_proj.\1"),
        (r"blocks\.(\d+)\.norm([12])\.(\w+)", r"encoder.layers.encoder_layer_\1.ln_\2.\3"),
        (r"blocks\.(\d+)\.attn\.qkv\.(\w+)", r"encoder.layers.encoder_layer_\1.self_attention.in_proj_\2"),
        (r"blocks\.(\d+)\.attn\.proj\.(\w+)", r"encoder.layers.encoder_layer_\1.self_attention.out_proj.\2"),
        (r"blocks\.(\d+)\.mlp\.fc1\.(\w+)", r"encoder.layers.encoder_layer_\1.mlp.0.\2"),
        (r"blocks\.(\d+)\.mlp\.fc2\.(\w+)", r"encoder.layers.encoder_layer_\1.mlp.3.\2"),
        (r"norm\.(\w+)", r"encoder.ln.\1"),
        (r"head\.(\w+)", r"heads.head.\1"),
        # torchvision's files are older than its code.
        (r"(encoder\.layers\.\w+\.mlp)\.linear_1\.(\w+)", r"\1.0.\2"),
        (r"(encoder\.layers\.\w+\.mlp)\.linear_2\.(\w+)", r"\1.3.\2"),
    )

    def __init__(
        self,
        name: str,
        patch_size: int,
        depth: int,
        width: int,
        heads: int,
        *,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        dropout: float = 0.0,
        stochastic_depth: float = 0.0,
    ) -> None:
        super().__init__()
        _check_options(patch_size, dropout, stochastic_depth)
        self.name, self.input_size = name, input_size
        self.grid = (math.ceil(input_size[0] / patch_size), math.ceil(input_size[1] / patch_size))
        padded = (self.grid[0] * patch_size, self.grid[1] * patch_size)
        self.down, self.right = padded[0] - input_size[0], padded[1] - input_size[1]
        if self.down or self.right:
            self.notes = (f"{name} pads {_by(input_size)} images with zeros to {_by(padded)}",)
        self.levels = (Level("encoder", width, patch_size),)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.conv_proj = nn.Conv2d(in_channels, width, patch_size, stride=patch_size)
        tokens = 1 + self.grid[0] * self.grid[1]
        self.encoder = Encoder(tokens, depth, width, heads, 4 * width, dropout, stochastic_depth)
        head = nn.Linear(width, num_classes)
        self.heads = nn.Sequential(OrderedDict(head=head))
        # torchvision cuts this normal at +-2, which for patches of 4 pixels is 13 standard deviations away.
        nn.init.normal_(self.conv_proj.weight, std=math.sqrt(1 / self.conv_proj.weight[0].numel()))
        nn.init.zeros_(self.conv_proj.bias)  # type: ignore[arg-type]
        self.initialise_head_(head)

    def initialise_head_(self, head: nn.Linear) -> None:
        """Zero, as in the paper's section 3.2: the first answers of a fresh head are undecided."""
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        layers = [f"encoder.layers.{name}" for name, _ in self.encoder.layers.named_children()]
        blocks: dict[str, tuple[str, ...]] = {f"block{number}": (name,) for number, name in enumerate(layers, start=1)}
        blocks[f"block{len(layers)}"] += ("encoder.ln",)
        return {"stem": ("class_token", "conv_proj", "encoder.pos_embedding"), **blocks, "head": ("heads",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        patches_BTW = self.encoder(self._tokens(x_BCHW))[:, 1:]
        return [patches_BTW.transpose(1, 2).unflatten(2, self.grid)]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.heads(self.encoder(self._tokens(x_BCHW))[:, 0])  # type: ignore[no-any-return]

    def attention_maps(self, x_BCHW: Tensor) -> list[Tensor]:
        """Where each token looks: the attention's weights of every block.

        Returns:
            One ``(batch, heads, tokens, tokens)`` a block: row the token that looks, column the one looked at; token 0
            is the class token, the others are the patches of :attr:`grid`, row by row.
        """
        x_BTW = self.encoder.dropout(self._tokens(x_BCHW) + self.encoder.pos_embedding)
        maps = []
        for block in self.encoder.layers:
            if not isinstance(block, EncoderBlock):
                continue  # it was pruned away
            x_BTW, weights_BHTT = block.with_weights(x_BTW)
            maps.append(weights_BHTT)
        return maps

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict in this layout with its positions resized to this model's grid of patches.

        Raises:
            InputError: the positions do not belong to square images, so that their grid is unknown.
        """
        fitted, name = dict(state), "encoder.pos_embedding"
        if name in fitted and fitted[name].shape[1] != self.encoder.pos_embedding.shape[1]:
            patches = fitted[name].shape[1] - 1
            side = math.isqrt(patches)
            if side * side != patches:
                raise InputError(
                    f"the positions of these weights are {patches} patches, which form no square: resize them with "
                    f"burnish.models.vision.positions.resized_positions(positions, their grid, {self.grid}) first"
                )
            fitted[name] = resized_positions(fitted[name], (side, side), self.grid)
        return fitted

    def _tokens(self, x_BCHW: Tensor) -> Tensor:
        """The class token and the patches, ``(B, 1 + patches, width)``, without positions."""
        if tuple(x_BCHW.shape[-2:]) != self.input_size:
            height, width = x_BCHW.shape[-2:]
            raise InputError(
                f"this {self.name} was built for images of {_by(self.input_size)}, got {height}x{width}: resize the "
                f"images, or build it with create('{self.name}', ..., input_size=({height}, {width}))"
            )
        if self.down or self.right:
            x_BCHW = F.pad(x_BCHW, (0, self.right, 0, self.down))
        patches_BTW = self.conv_proj(x_BCHW).flatten(2).transpose(1, 2)
        return torch.cat([self.class_token.expand(patches_BTW.shape[0], -1, -1), patches_BTW], dim=1)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _check_options(patch_size: int, dropout: float, stochastic_depth: float) -> None:
    if patch_size < 1:
        raise InputError(f"patch_size must be at least 1, got {patch_size}: it is the side of a patch in pixels")
    for option, chance in (("dropout", dropout), ("stochastic_depth", stochastic_depth)):
        if not 0 <= chance < 1:
            raise InputError(f"{option} must lie in [0, 1), got {chance}: it is a chance to leave something out")


_HALF = (0.5, 0.5, 0.5)
_AUGREG = Preparation(224, 248, "bicubic", _HALF, _HALF)


@dataclass(frozen=True)
class _Variant:
    """Table 1 of the paper; tiny and small are DeiT's."""

    size: str
    patch: int
    depth: int
    width: int
    heads: int
    published: tuple[Published, ...]


def _timm(*tags: str) -> tuple[Published, ...]:
    return tuple(Published(f"timm:{tag}", preparation=_AUGREG) for tag in tags)


def _torchvision(source: str, file: str, resize: int) -> Published:
    return Published(f"torchvision:{source}", file, Preparation(224, resize))


def _swag(source: str, file: str, crop: int) -> Published:
    """Weights from tagged photos: Singh et al. 2022, arXiv:2201.08371."""
    return Published(f"torchvision:{source}", file, Preparation(crop, crop, "bicubic"))


_TINY = _timm("vit_tiny_patch16_224.augreg_in21k_ft_in1k")
_SMALL = _timm("vit_small_patch16_224.augreg_in21k_ft_in1k", "vit_small_patch16_224.augreg_in1k")
_B_16 = (
    _torchvision("vit_b_16", "vit_b_16-c867db91.pth", 256),
    _swag("vit_b_16.swag_linear", "vit_b_16_lc_swag-4e70ced5.pth", 224),
    _swag("vit_b_16.swag_e2e", "vit_b_16_swag-9ac1b537.pth", 384),
    *_timm("vit_base_patch16_224.augreg2_in21k_ft_in1k", "vit_base_patch16_224.augreg_in1k"),
)
_B_32 = (
    _torchvision("vit_b_32", "vit_b_32-d86f8d99.pth", 256),
    *_timm("vit_base_patch32_224.augreg_in21k_ft_in1k", "vit_base_patch32_224.augreg_in1k"),
)
_L_16 = (
    _torchvision("vit_l_16", "vit_l_16-852ce7e3.pth", 242),
    _swag("vit_l_16.swag_linear", "vit_l_16_lc_swag-4d563306.pth", 224),
    _swag("vit_l_16.swag_e2e", "vit_l_16_swag-4f3808c9.pth", 512),
    *_timm("vit_large_patch16_224.augreg_in21k_ft_in1k"),
)
_L_32 = (_torchvision("vit_l_32", "vit_l_32-c7638314.pth", 256),)
_H_14 = (
    _swag("vit_h_14.swag_linear", "vit_h_14_lc_swag-c1eb923e.pth", 224),
    _swag("vit_h_14.swag_e2e", "vit_h_14_swag-80465313.pth", 518),
)
_VARIANTS = {
    "vit-tiny": _Variant("tiny", 16, 12, 192, 3, _TINY),
    "vit-small": _Variant("small", 16, 12, 384, 6, _SMALL),
    "vit-b-16": _Variant("base", 16, 12, 768, 12, _B_16),
    "vit-b-32": _Variant("base", 32, 12, 768, 12, _B_32),
    "vit-l-16": _Variant("large", 16, 24, 1024, 16, _L_16),
    "vit-l-32": _Variant("large", 32, 24, 1024, 16, _L_32),
    "vit-h-14": _Variant("huge", 14, 32, 1280, 16, _H_14),
}


def _register(name: str) -> None:
    variant = _VARIANTS[name]

    @register(
        name,
        kinds=("image",),
        paper="Dosovitskiy et al. 2020, arXiv:2010.11929",
        native_size=224,
        summary=f"vision transformer, {variant.size}, patches of {variant.patch} pixels",
        published=variant.published,
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        patch_size: int | None = None,
        dropout: float = 0.0,
        stochastic_depth: float = 0.0,
    ) -> nn.Module:
        """A vision transformer; patches of 4 pixels for images of up to 64, unless ``patch_size`` says otherwise."""
        size = input_size or (224, 224)
        shrunk = patch_size is None and is_small(size)
        model = VisionTransformer(
            name,
            _SMALL_PATCH if shrunk else (variant.patch if patch_size is None else patch_size),
            variant.depth,
            variant.width,
            variant.heads,
            num_classes=num_classes,
            in_channels=in_channels,
            input_size=size,
            dropout=dropout,
            stochastic_depth=stochastic_depth,
        )
        if shrunk:
            told = f"{name} takes patches of {_SMALL_PATCH} pixels for {_by(size)} images"
            model.notes = (f"{told} (patch_size={variant.patch} keeps the published ones)", *model.notes)
        return model


for _name in _VARIANTS:
    _register(_name)
