"""Inception-ResNet v2."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.inception_blocks import (
    Concatenated,
    ConvUnit,
    Stem,
    chain,
    levels_of,
    pooled,
    stem_for,
    stem_note,
    three_counts,
)

_NAME = "inception-resnet-v2"
_HALF = (0.5, 0.5, 0.5)
_PREPARATION = Preparation(299, 333, "bicubic", _HALF, _HALF)


class ScaledResidual(nn.Module):
    """Inception branches whose joint output, made small, is added to the input.

    Source: Szegedy et al. 2016, arXiv:1602.07261, sections 3.2 and 3.3: factors between 0.1 and 0.3 keep wide residual
    networks from dying while they train.

    Args:
        channels: in and out.
        width: of the branches together.
        scale: factor of the branches' output.
        relu: whether a ReLU follows the sum.
        branches: by name, in the order of their channels.

    Shape:
        ``(B, channels, H, W)`` to the same.
    """

    def __init__(self, channels: int, width: int, scale: float, relu: bool = True, **branches: nn.Module) -> None:
        super().__init__()
        self.branches = tuple(branches)
        self.scale = scale
        for name, branch in branches.items():
            self.add_module(name, branch)
        self.conv2d = nn.Conv2d(width, channels, 1)
        self.act = nn.ReLU(inplace=True) if relu else nn.Identity()
        nn.init.normal_(self.conv2d.weight, std=(2 / width) ** 0.5)
        assert self.conv2d.bias is not None
        nn.init.zeros_(self.conv2d.bias)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        joint_BCHW = torch.cat([getattr(self, name)(x_BCHW) for name in self.branches], dim=1)
        return self.act(torch.add(x_BCHW, self.conv2d(joint_BCHW), alpha=self.scale))  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"scale={self.scale}"


def _mixed_5b() -> nn.Module:
    """The Inception block before the first residual one."""
    return Concatenated(
        branch0=ConvUnit(192, 96, 1),
        branch1=chain(192, (48, 1), (64, 5)),
        branch2=chain(192, (64, 1), (96, 3), (96, 3)),
        branch3=pooled(192, 64),
    )


def _block_a() -> nn.Module:
    """Figure 16, as wide as published."""
    return ScaledResidual(
        320,
        128,
        0.17,
        branch0=ConvUnit(320, 32, 1),
        branch1=chain(320, (32, 1), (32, 3)),
        branch2=chain(320, (32, 1), (48, 3), (64, 3)),
    )


def _reduction_a() -> nn.Module:
    """Figure 7 with k, l, m, n = 256, 256, 384, 384."""
    return Concatenated(
        branch0=ConvUnit(320, 384, 3, stride=2, valid=True),
        branch1=chain(320, (256, 1), (256, 3), (384, 3), reduce=True),
        branch2=nn.MaxPool2d(3, 2),
    )


def _block_b() -> nn.Module:
    """Figure 17, as wide as published."""
    return ScaledResidual(
        1088,
        384,
        0.10,
        branch0=ConvUnit(1088, 192, 1),
        branch1=chain(1088, (128, 1), (160, (1, 7)), (192, (7, 1))),
    )


def _reduction_b() -> nn.Module:
    """Figure 18, as wide as published."""
    return Concatenated(
        branch0=chain(1088, (256, 1), (384, 3), reduce=True),
        branch1=chain(1088, (256, 1), (288, 3), reduce=True),
        branch2=chain(1088, (256, 1), (288, 3), (320, 3), reduce=True),
        branch3=nn.MaxPool2d(3, 2),
    )


def _block_c(last: bool = False) -> nn.Module:
    """Figure 19, as wide as published; the last one adds its branches unscaled and has no ReLU."""
    return ScaledResidual(
        2080,
        448,
        1.0 if last else 0.20,
        relu=not last,
        branch0=ConvUnit(2080, 192, 1),
        branch1=chain(2080, (192, 1), (224, (1, 3)), (256, (3, 1))),
    )


class InceptionResNetV2(ImageModel):
    """Inception blocks as residual branches: ten, twenty and ten of three kinds.

    Source: Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on learning",
    arXiv:1602.07261, section 3.2 and figure 15. Changed: the form in which Google published weights,
    with the stem of Inception v3, twice as many blocks as figure 15 shows and other widths in some; small images take
    a stem of stride 2.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width, which choose the stem.
        stem: ``imagenet`` is the published one, of stride 8; ``small`` pads its convolutions, has stride 1 in the
            first and one pooling in place of two; ``auto`` takes the small one for images of at most 64 pixels, and
            for those the other is too large for.
        dropout: chance that a feature is left out before the last layer.
        blocks: how many of each of the three kinds; fewer make a smaller network.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, num_classes)``.

    Raises:
        InputError: a side is below 75 with the ``imagenet`` stem, or below 13; or ``blocks`` are not three positive
            numbers.

    >>> sum(p.numel() for p in InceptionResNetV2(1000, 3, (299, 299)).parameters())
    55843464
    """

    head_names = ("classif",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        dropout: float = 0.2,
        blocks: Sequence[int] = (10, 20, 10),
    ) -> None:
        super().__init__()
        first, second, third = three_counts(_NAME, blocks)
        chosen = stem_for(_NAME, stem, input_size)
        small = chosen == "small"
        self.conv2d_1a = ConvUnit(in_channels, 32, 3, stride=1 if small else 2, valid=not small)
        self.conv2d_2a = ConvUnit(32, 32, 3, valid=not small)
        self.conv2d_2b = ConvUnit(32, 64, 3)
        self.maxpool_3a = nn.Identity() if small else nn.MaxPool2d(3, 2)
        self.conv2d_3b = ConvUnit(64, 80, 1)
        self.conv2d_4a = ConvUnit(80, 192, 3, valid=not small)
        self.maxpool_5a = nn.MaxPool2d(3, 2, padding=1 if small else 0)
        self.mixed_5b = _mixed_5b()
        self.repeat = nn.Sequential(*(_block_a() for _ in range(first)))
        self.mixed_6a = _reduction_a()
        self.repeat_1 = nn.Sequential(*(_block_b() for _ in range(second)))
        self.mixed_7a = _reduction_b()
        self.repeat_2 = nn.Sequential(*(_block_c() for _ in range(third - 1)))
        self.block8 = _block_c(last=True)
        self.conv2d_7b = ConvUnit(2080, 1536, 1)
        self.dropout = nn.Dropout(dropout)
        self.classif = nn.Linear(1536, num_classes)
        widths = {"conv2d_2b": 64, "conv2d_4a": 192, "repeat": 320, "repeat_1": 1088, "conv2d_7b": 1536}
        self.levels = levels_of(widths, chosen)
        if small:
            self.notes = (stem_note(_NAME, input_size),)

    def stages(self) -> dict[str, tuple[str, ...]]:
        bodies = {name: (name,) for name in ("mixed_5b", "repeat", "mixed_6a", "repeat_1", "mixed_7a")}
        return {
            "stem": ("conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a"),
            **bodies,
            "repeat_2": ("repeat_2", "block8"),
            "conv2d_7b": ("conv2d_7b",),
            "head": ("classif",),
        }

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        first_BCHW = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(x_BCHW)))
        second_BCHW = self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(first_BCHW)))
        third_BCHW = self.repeat(self.mixed_5b(self.maxpool_5a(second_BCHW)))
        fourth_BCHW = self.repeat_1(self.mixed_6a(third_BCHW))
        fifth_BCHW = self.conv2d_7b(self.block8(self.repeat_2(self.mixed_7a(fourth_BCHW))))
        return [first_BCHW, second_BCHW, third_BCHW, fourth_BCHW, fifth_BCHW][-len(self.levels) :]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BC = self.features(x_BCHW)[-1].mean(dim=(2, 3))
        return self.classif(self.dropout(x_BC))  # type: ignore[no-any-return]


@register(
    "inception_resnet_v2",
    kinds=("image",),
    paper="Szegedy et al. 2016, arXiv:1602.07261",
    native_size=299,
    summary="Inception blocks as scaled residual branches",
    published=(
        Published("timm:inception_resnet_v2.tf_in1k", preparation=_PREPARATION),
        Published("timm:inception_resnet_v2.tf_ens_adv_in1k", preparation=_PREPARATION),
    ),
)
def inception_resnet_v2(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    dropout: float = 0.2,
    blocks: Sequence[int] = (10, 20, 10),
) -> nn.Module:
    """Inception-ResNet v2 as Google published it."""
    return InceptionResNetV2(num_classes, in_channels, input_size or (299, 299), stem, dropout, blocks)
