"""FractalNet: very deep without shortcuts, with drop-path."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.image_model import ImageModel, Level
from burnish.models.registry import register


class Join(nn.Module):
    """The mean of the inputs that are alive.

    Source: Larsson et al. 2016, arXiv:1605.07648, section 2.1, "drop-path". The draws are tensors, so that a compiled
    model takes no branch: what is dropped is computed, and weighted by zero.

    Args:
        drop: chance that an input is left out while training; the last one alive always stays.
    """

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, inputs: Sequence[Tensor], allowed: Tensor | None = None) -> Tensor:
        """Join.

        Args:
            inputs: of equal shapes.
            allowed: which of them may be alive, ``(len(inputs),)`` of booleans; where none may, all do, since nothing
                alive sees this join. None joins all of them without a draw.
        """
        if allowed is None:
            return sum(inputs[1:], inputs[0]) / len(inputs)
        luck = torch.rand(len(inputs), device=inputs[0].device).where(allowed, -1.0)
        drop = self.drop if self.training else 0.0
        alive = (luck >= drop) | (luck == luck.amax())
        share = (alive / alive.sum()).to(inputs[0].dtype)
        joined = inputs[0] * share[0]
        for number, branch in enumerate(inputs[1:], start=1):
            joined = torch.addcmul(joined, branch, share[number])
        return joined


class Path(NamedTuple):
    """The part of the network that is alive.

    Attributes:
        allowed: columns that may live, ``(columns,)`` of booleans.
        alone: whether a single column lives from end to end, a boolean.
    """

    allowed: Tensor
    alone: Tensor


class FractalConv(nn.Module):
    """Convolution, dropout, batch normalisation, ReLU.

    A column on its own sees maps of another spread than among others: there, they are means. So the running statistics
    of its solo batches are kept apart, in ``alone``, as they are where the authors tie the weights of two networks.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        column: that it belongs to, from the shallowest.
        dropout: after the convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, column: int, dropout: float) -> None:
        super().__init__()
        self.column = column
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        bound = (3 / self.conv.weight[0].numel()) ** 0.5
        nn.init.uniform_(self.conv.weight, -bound, bound)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.BatchNorm2d(out_channels)
        self.alone = nn.BatchNorm2d(out_channels, affine=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x_BCHW: Tensor, path: Path | None = None) -> Tensor:
        x_BCHW = self.dropout(self.conv(x_BCHW))
        x_BCHW = self.norm(x_BCHW) if path is None else self._normalised(x_BCHW, path)
        return self.relu(x_BCHW)  # type: ignore[no-any-return]

    def _normalised(self, x_BCHW: Tensor, path: Path) -> Tensor:
        shared, alone = self.norm, self.alone
        assert shared.running_mean is not None
        assert shared.running_var is not None
        assert alone.running_mean is not None
        assert alone.running_var is not None
        mean_C = torch.where(path.alone, alone.running_mean, shared.running_mean)
        var_C = torch.where(path.alone, alone.running_var, shared.running_var)
        scale, shift, momentum = shared.weight, shared.bias, shared.momentum or 0.0
        x_BCHW = F.batch_norm(x_BCHW, mean_C, var_C, scale, shift, shared.training, momentum, shared.eps)
        if shared.training:
            mine = path.alone & path.allowed[self.column]
            shared.running_mean.copy_(torch.where(path.alone, shared.running_mean, mean_C))
            shared.running_var.copy_(torch.where(path.alone, shared.running_var, var_C))
            alone.running_mean.copy_(torch.where(mine, mean_C, alone.running_mean))
            alone.running_var.copy_(torch.where(mine, var_C, alone.running_var))
        return x_BCHW

    def plain(self) -> nn.Sequential:
        """A copy of it as it is when its column lives alone."""
        norm = copy.deepcopy(self.norm)
        norm.load_state_dict(self.alone.state_dict(), strict=False)
        layers = OrderedDict(conv=copy.deepcopy(self.conv), dropout=copy.deepcopy(self.dropout))
        return nn.Sequential(layers | {"norm": norm, "relu": nn.ReLU(inplace=True)})


class FractalBlock(nn.Module):
    """Columns of 1, 2, 4, ... convolutions, joined wherever several of them end together: figure 1 of the paper.

    The maps are pooled before the last join, so that each column is a plain network of its own.

    Args:
        in_channels: channels of the input.
        out_channels: channels of every convolution.
        columns: their number, C.
        dropout: after each convolution.
        drop_path: see :class:`Join`.
    """

    def __init__(self, in_channels: int, out_channels: int, columns: int, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.columns = nn.ModuleList(
            nn.ModuleList(
                FractalConv(out_channels if row else in_channels, out_channels, column, dropout)
                for row in range(2**column)
            )
            for column in range(columns)
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.join = Join(drop_path)

    def forward(self, x_BCHW: Tensor, path: Path | None = None) -> Tensor:
        total = len(self.columns)
        rows = 2 ** (total - 1)
        latest = [x_BCHW] * total
        for row in range(1, rows + 1):
            ending = [column for column in range(total) if row % 2 ** (total - 1 - column) == 0]
            for column in ending:
                convolutions = self.columns[column]
                assert isinstance(convolutions, nn.ModuleList)
                latest[column] = convolutions[row // 2 ** (total - 1 - column) - 1](latest[column], path)
            if row == rows:
                latest = [self.pool(branch_BCHW) for branch_BCHW in latest]
            if len(ending) > 1:
                first = ending[0]
                joined_BCHW = self.join(latest[first:], None if path is None else path.allowed[first:])
                latest[first:] = [joined_BCHW] * len(ending)
        return latest[-1]


class FractalNet(ImageModel):
    """Fractal blocks, each followed by pooling, trained with drop-path.

    Source: Larsson et al. 2016, "FractalNet: Ultra-Deep Neural Networks without Residuals", arXiv:1605.07648, section
    2 and 4; order of the layers, widths and initialisation from the authors' generator. A batch in training mode uses
    one subnetwork: with a chance of ``global_share`` a single column from end to end, otherwise joins that lose each
    input with a chance of ``drop_path``. Columns that are out still run, and count for nothing.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        columns: of each block, C; the deepest path has ``2 ** (C - 1)`` convolutions a block.
        widths: channels of each block.
        drop_path: chance that a join loses an input.
        global_share: chance that a batch uses a single column.
        dropout: after the convolutions of the last block; 0 in the first, and on a line between.

    Attributes:
        only_column: a column, from the shallowest, that alone is alive in evaluation; None for all.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``. Odd sides are pooled upwards.

    Raises:
        InputError: no column or block, or a probability out of range.

    >>> sum(p.numel() for p in FractalNet(10, 3).parameters())
    33734922
    """

    head_names = ("fc",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        columns: int = 3,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        drop_path: float = 0.15,
        global_share: float = 0.5,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        if columns < 1:
            raise InputError(f"columns must be at least 1, got {columns}")
        if not widths or min(widths) < 1:
            raise InputError(f"widths must hold the channels of at least one block, got {tuple(widths)}")
        for name, value in (("drop_path", drop_path), ("dropout", dropout)):
            if not 0 <= value < 1:
                raise InputError(f"{name} must lie in [0, 1), got {value}: it is the chance that something is left out")
        if not 0 <= global_share <= 1:
            raise InputError(f"global_share must lie in [0, 1], got {global_share}: it is a share of the batches")
        self.global_share = global_share
        self.only_column: int | None = None
        self._columns = columns
        rates = [dropout * number / max(1, len(widths) - 1) for number in range(len(widths))]
        self.blocks = nn.ModuleList(
            FractalBlock(before, width, columns, rate, drop_path)
            for before, width, rate in zip((in_channels, *widths), widths, rates, strict=False)
        )
        self.levels = tuple(Level(f"block{n}", width, 2**n) for n, width in enumerate(widths, start=1))
        self.fc = nn.Linear(widths[-1], num_classes)
        self.initialise_head_(self.fc)

    def initialise_head_(self, head: nn.Linear) -> None:
        bound = (3 / head.in_features) ** 0.5
        nn.init.uniform_(head.weight, -bound, bound)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        names = ("stem", *(f"block{number}" for number in range(2, len(self.blocks) + 1)))
        return {**{name: (f"blocks.{number}",) for number, name in enumerate(names)}, "head": ("fc",)}

    def column(self, index: int) -> nn.Sequential:
        """A copy of one column, as the plain network it is.

        Args:
            index: from 0, the shallowest, with a convolution a block.

        Returns:
            A network from images ``(B, in_channels, H, W)`` to ``(B, num_classes)``.

        Raises:
            InputError: there is no such column.
        """
        if not 0 <= index < self._columns:
            raise InputError(f"column must lie in 0 ... {self._columns - 1}, the deepest, got {index}")
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, block in enumerate(self.blocks, start=1):
            assert isinstance(block, FractalBlock)
            convolutions = [
                module.plain() for module in block.columns[index].modules() if isinstance(module, FractalConv)
            ]
            layers[f"block{number}"] = nn.Sequential(*convolutions, nn.MaxPool2d(2, ceil_mode=True))
        layers |= {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc": copy.deepcopy(self.fc)}
        return nn.Sequential(layers).train(self.training)

    def _path(self, device: torch.device) -> Path | None:
        """What lives in this batch, None for all of it without a draw."""
        every_C = torch.arange(self._columns, device=device)
        if self.training:
            alone = torch.rand((), device=device) < self.global_share
            return Path((every_C == torch.randint(self._columns, (), device=device)) | ~alone, alone)
        if self.only_column is None:
            return None
        return Path(every_C == self.only_column, torch.ones((), dtype=torch.bool, device=device))

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        path = self._path(x_BCHW.device)
        levels: list[Tensor] = []
        for block in self.blocks:
            x_BCHW = block(x_BCHW, path)
            levels.append(x_BCHW)
        return levels

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.fc(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


@register(
    "fractalnet",
    kinds=("image",),
    paper="Larsson et al. 2016, arXiv:1605.07648",
    native_size=32,
    summary="fractal of convolutions without shortcuts, 20 layers deep",
)
def fractalnet(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    columns: int = 3,
    widths: Sequence[int] = (64, 128, 256, 512, 512),
    drop_path: float = 0.15,
    global_share: float = 0.5,
    dropout: float = 0.4,
) -> nn.Module:
    """FractalNet of three columns and five blocks."""
    return FractalNet(num_classes, in_channels, columns, widths, drop_path, global_share, dropout)


@register(
    "fractalnet-small",
    kinds=("image",),
    paper="Larsson et al. 2016, arXiv:1605.07648",
    native_size=32,
    summary="a narrow FractalNet of four blocks, 16 layers deep",
)
def fractalnet_small(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    columns: int = 3,
    widths: Sequence[int] = (16, 32, 64, 128),
    drop_path: float = 0.15,
    global_share: float = 0.5,
    dropout: float = 0.0,
) -> nn.Module:
    """FractalNet of three columns and four narrow blocks."""
    return FractalNet(num_classes, in_channels, columns, widths, drop_path, global_share, dropout)
