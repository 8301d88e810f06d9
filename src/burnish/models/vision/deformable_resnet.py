"""Residual networks whose last stages look where the image tells them: deformable ResNet-18 and ResNet-50."""

from __future__ import annotations

from torch import nn

from burnish.common.errors import InputError
from burnish.layers.deformable import DeformableConv2d
from burnish.layers.undrawn import undrawn
from burnish.models.registry import register
from burnish.models.vision.residual_blocks import BasicBlock, Bottleneck, Conv3x3, conv3x3
from burnish.models.vision.resnet import ResNet, Stem, stem_note, takes_small_stem


def deformable_conv3x3(modulated: bool) -> Conv3x3:
    """What makes the 3x3 convolutions of a deformable stage; their weights start as those of a plain ResNet.

    Args:
        modulated: weight every tap, as the second version does.

    >>> conv = deformable_conv3x3(modulated=False)(8, 8, 1, 1, 1)
    >>> conv.weight.shape, conv.offset.out_channels
    (torch.Size([8, 8, 3, 3]), 18)
    """

    def conv(in_channels: int, out_channels: int, stride: int, groups: int, dilation: int) -> nn.Module:
        layer = undrawn(
            DeformableConv2d,
            in_channels,
            out_channels,
            3,
            stride=stride,
            padding=dilation,
            dilation=dilation,
            groups=groups,
            bias=False,
            modulated=modulated,
        )
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        layer.offset.reset_parameters()
        return layer

    return conv


def deformable_resnet(
    block: type[BasicBlock] | type[Bottleneck],
    blocks: tuple[int, int, int, int],
    num_classes: int,
    in_channels: int,
    *,
    stages: int = 3,
    modulated: bool = True,
    small_stem: bool = False,
) -> ResNet:
    """A :class:`burnish.models.vision.resnet.ResNet` with deformable 3x3 convolutions in its last stages.

    Source: Dai et al. 2017, "Deformable convolutional networks", arXiv:1703.06211, section 2.3 (``stages=1,
    modulated=False``); Zhu et al. 2018, "Deformable ConvNets v2", arXiv:1811.11168, section 3.1 (``stages=3``).
    Changed: the last stage halves the resolution, as a classifier's does, instead of dilating.

    Without modulation a fresh one answers as the plain network with the same weights does, so that published weights of
    a ResNet are a start; only the offsets are missing there. Modulation halves every deformable convolution at first.

    Args:
        block: what the stages are made of; both 3x3 convolutions of a basic block are deformable.
        blocks: how many blocks each of the four stages has.
        num_classes: outputs.
        in_channels: channels of the image.
        stages: how many of the four stages, counted from the last, are deformable.
        modulated: weight every tap, as the second version does.
        small_stem: keep the resolution in the stem.

    Raises:
        InputError: ``stages`` is not 1 to 4.

    >>> model = deformable_resnet(BasicBlock, (1, 1, 1, 1), 10, 3, stages=1)
    >>> type(model.layer4[0].conv2).__name__, type(model.layer3[0].conv2).__name__
    ('DeformableConv2d', 'Conv2d')
    """
    if not 1 <= stages <= 4:
        raise InputError(
            f"stages must be 1 to 4, got {stages}: it is how many of the last stages are deformable; "
            "for none of them take resnet18 or resnet50"
        )
    convs = (conv3x3,) * (4 - stages) + (deformable_conv3x3(modulated),) * stages
    return ResNet(block, blocks, num_classes, in_channels, small_stem=small_stem, convs=convs)


def _register(name: str, block: type[BasicBlock] | type[Bottleneck], blocks: tuple[int, int, int, int]) -> None:
    @register(
        name,
        kinds=("image",),
        paper="Dai et al. 2017, arXiv:1703.06211; Zhu et al. 2018, arXiv:1811.11168",
        native_size=224,
        summary=f"{name.removeprefix('deformable-').replace('resnet', 'ResNet-')} whose filters choose where to look",
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        stem: Stem = "auto",
        stages: int = 3,
        modulated: bool = True,
    ) -> nn.Module:
        """A residual network with deformable 3x3 convolutions in the last stages."""
        small_stem = takes_small_stem(stem, input_size)
        model = deformable_resnet(
            block, blocks, num_classes, in_channels, stages=stages, modulated=modulated, small_stem=small_stem
        )
        if small_stem:
            model.notes = (stem_note(name, input_size),)
        return model


_register("deformable-resnet18", BasicBlock, (2, 2, 2, 2))
_register("deformable-resnet50", Bottleneck, (3, 4, 6, 3))
