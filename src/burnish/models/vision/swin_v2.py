"""Swin, version 2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.swin import SwinTransformer, SwinVariant
from burnish.models.vision.swin_blocks import (
    PatchMerging,
    SwinBlock,
    WindowAttention,
    drawn_linear,
    heads_joined,
    neighbours,
)

_WINDOW = 8
_COORDINATES = ".relative_coords_table"


def relative_coordinates(window: int, trained: int | None = None) -> Tensor:
    """Offsets inside a window on a logarithmic scale.

    Source: Liu et al. 2021, arXiv:2111.09883, eq. 4; scaled to [-1, 1] by 8 and log2(8) as in the authors' code.

    Args:
        window: side of the window.
        trained: side of the window whose largest offset is 1; the same by default.

    Returns:
        Down and right, ``(1, 2 * window - 1, 2 * window - 1, 2)``.

    >>> relative_coordinates(2)[0, :, 0, 0].tolist()[1:]
    [0.0, 1.0566416...]
    """
    offset = torch.arange(1 - window, window, dtype=torch.float32) * 8 / max(1, (trained or window) - 1)
    scaled = offset.sign() * (offset.abs() + 1).log2() / 3
    return torch.stack(torch.meshgrid(scaled, scaled, indexing="ij"), dim=-1).unsqueeze(0)


class CosineWindowAttention(WindowAttention):
    """Attention in windows by cosine similarity, with biases that a small network makes from relative positions.

    Source: Liu et al. 2021, "Swin transformer V2", arXiv:2111.09883, eq. 2 and 3. Keys have no bias: as in the
    published layout it is there, and not used.
    """

    relative_coords_table: Tensor

    def _make_positions(self) -> None:
        self.logit_scale = nn.Parameter(torch.full((self.heads, 1, 1), math.log(10)))
        self.cpb_mlp = nn.Sequential(
            drawn_linear(2, 512), nn.ReLU(inplace=True), drawn_linear(512, self.heads, bias=False)
        )
        self.register_buffer("relative_coords_table", relative_coordinates(self.window))

    def position_bias(self) -> Tensor:
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.heads)
        return self._looked_up(16 * table.sigmoid())

    def _attended(self, x_MNC: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.qkv.bias.chunk(3)
        qkv_MNC = F.linear(x_MNC, self.qkv.weight, torch.cat([query, torch.zeros_like(key), value]))
        q_MZND, k_MZND, v_MZND = self._split(qkv_MNC)
        q_MZND = F.normalize(q_MZND, dim=-1) * self.logit_scale.clamp(max=math.log(100)).exp()
        k_MZND = F.normalize(k_MZND, dim=-1)
        mixed_MZND = F.scaled_dot_product_attention(q_MZND, k_MZND, v_MZND, bias, scale=1.0)
        return heads_joined(mixed_MZND)


class SwinBlockV2(SwinBlock):
    """The block of version 2: each branch normalises last.

    Source: Liu et al. 2021, arXiv:2111.09883, section 3.2.
    """

    def forward(self, x_BHWC: Tensor) -> Tensor:
        x_BHWC = x_BHWC + self.stochastic_depth(self.norm1(self.attn(x_BHWC)))
        return x_BHWC + self.stochastic_depth(self.norm2(self.mlp(x_BHWC)))  # type: ignore[no-any-return]


class PatchMergingV2(PatchMerging):
    """The merging of version 2: it normalises last.

    >>> PatchMergingV2(8)(torch.zeros(1, 5, 4, 8)).shape
    torch.Size([1, 3, 2, 16])
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.norm = nn.LayerNorm(2 * channels)

    def forward(self, x_BHWC: Tensor) -> Tensor:
        return self.norm(self.reduction(neighbours(x_BHWC)))  # type: ignore[no-any-return]


class SwinTransformerV2(SwinTransformer):
    """Swin with cosine attention, biases from a network and normalisation at the end of each branch.

    Source: Liu et al. 2021, "Swin transformer V2: scaling up capacity and resolution", arXiv:2111.09883, section 3.
    Changed: as in :class:`burnish.models.vision.swin.SwinTransformer`, whose arguments it has.
    """

    attention = CosineWindowAttention
    block = SwinBlockV2
    merging = PatchMergingV2

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The layout of timm too, which has no bias for keys and leaves out the coordinates."""
        whole = {}
        for name, tensor in state.items():
            if name.endswith(".attn.q_bias"):
                stem = name.removesuffix("q_bias")
                whole[f"{stem}qkv.bias"] = torch.cat([tensor, torch.zeros_like(tensor), state[f"{stem}v_bias"]])
            elif not name.endswith(".attn.v_bias"):
                whole[name] = tensor
        named = super().translate(whole)
        if any(name.startswith("layers.") for name in state):
            trained = relative_coordinates(_WINDOW)
            named = {name: trained if name.endswith(_COORDINATES) else tensor for name, tensor in named.items()}
        return named

    def fit_state(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict in this layout with the coordinates of this model's window, on the scale of the old one.

        Source: Liu et al. 2021, arXiv:2111.09883, section 3.3: the network that makes the biases carries over.
        """
        fitted = super().fit_state(state)
        for name, tensor in state.items():
            if name.endswith(_COORDINATES):
                fitted[name] = relative_coordinates(self.window, (tensor.shape[1] + 1) // 2).to(tensor)
        return fitted


def _weights(file: str, resize: int, *timm: str) -> tuple[Published, ...]:
    ours = Published(f"torchvision:{file.split('-')[0]}", file, Preparation(256, resize, "bicubic"))
    prepared = Preparation(256, 284, "bicubic")
    return (ours, *(Published(f"timm:{tag}", preparation=prepared) for tag in timm))


_T = _weights("swin_v2_t-b137f0e2.pth", 260, "swinv2_tiny_window8_256.ms_in1k")
_S = _weights("swin_v2_s-637d8ceb.pth", 260, "swinv2_small_window8_256.ms_in1k")
_B = _weights("swin_v2_b-781e5279.pth", 272, "swinv2_base_window8_256.ms_in1k")
_VARIANTS = {
    "swin-v2-t": SwinVariant((2, 2, 6, 2), 96, 3, 0.2, _T),
    "swin-v2-s": SwinVariant((2, 2, 18, 2), 96, 3, 0.3, _S),
    "swin-v2-b": SwinVariant((2, 2, 18, 2), 128, 4, 0.5, _B),
}


def _register(name: str) -> None:
    variant = _VARIANTS[name]

    @register(
        name,
        kinds=("image",),
        paper="Liu et al. 2021, arXiv:2111.09883",
        native_size=256,
        summary=f"Swin, version 2, in windows of 8, {sum(variant.depths)} blocks, {variant.channels} channels",
        published=variant.published,
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        stem: Literal["auto", "imagenet", "small"] = "auto",
        stochastic_depth: float = variant.stochastic_depth,
    ) -> nn.Module:
        """A Swin transformer V2; the small stem takes patches of 2 pixels, not 4, and windows of 4, not 8."""
        return variant.build(
            SwinTransformerV2,
            name,
            num_classes,
            in_channels,
            input_size or (256, 256),
            window=_WINDOW,
            stem=stem,
            stochastic_depth=stochastic_depth,
        )


for _name in _VARIANTS:
    _register(_name)
