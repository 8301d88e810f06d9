"""The weights that belong to each channel of a group, and how what they say becomes one score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.graph.group import Group, Slice


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by name, without gradients."""
    return {name: tensor.detach() for name, tensor in (*model.named_parameters(), *model.named_buffers())}


def check_fit(tensors: Mapping[str, Tensor], group: Group) -> None:
    """Make sure that a group is of this model and that the model has numbers.

    Raises:
        InputError: it is not, or it has none.
    """
    for part in group.slices:
        tensor = tensors.get(part.tensor)
        highest = int(part.index.max())
        if tensor is None or tensor.ndim <= part.dim or highest >= tensor.shape[part.dim]:
            found = "there is none" if tensor is None else f"its shape is {tuple(tensor.shape)}"
            raise InputError(
                f"group '{group.name}' wants position {highest} in dimension {part.dim} of '{part.tensor}', but "
                f"{found}: trace this model and take the groups of that"
            )
        if tensor.is_meta:
            raise InputError(f"'{part.tensor}' is on the meta device and has no values to score: load weights first")


def rows(tensor: Tensor, part: Slice) -> Tensor:
    """What each channel has in a tensor, whichever dimension the channels lie in, ``(channels, numbers)`` float64."""
    tensor = tensor.cpu() if tensor.device.type == "mps" else tensor  # which has no float64
    channels = tensor.movedim(part.dim, 0)
    if part.index.shape == (len(channels), 1) and torch.equal(part.index[:, 0].cpu(), torch.arange(len(channels))):
        return channels.reshape(len(channels), -1).double()  # as they lie: spares a copy of every weight
    return channels[part.index.to(tensor.device)].flatten(1).double()


def producing(group: Group) -> list[Slice]:
    """Weights that make the channels; where none does, learnt tensors that go with them."""
    found = [part for part in group.slices if part.role == "produces"]
    return found or [part for part in group.slices if part.role == "carries" and not part.is_buffer]


def consuming(group: Group) -> list[Slice]:
    """Weights that read the channels."""
    return [part for part in group.slices if part.role == "consumes" and not part.is_buffer]


def combined(members: Sequence[Tensor]) -> Tensor:
    """One score a channel from those that each member of a group gives.

    Each member counts relative to its own mean, so that one of large numbers does not drown the others; the mean of
    that over the members is then put back on the members' mean scale. One member alone keeps its scores.

    Source: after Fang et al. 2023, "DepGraph", arXiv:2301.12900, section 3.3, which adds up the importance of all
    members as it is.

    Args:
        members: scores of at least 0, ``(channels,)`` each.

    >>> combined([torch.tensor([1.0, 3.0]), torch.tensor([300.0, 100.0])]).tolist()
    [101.0, 101.0]
    """
    score_MC = torch.stack(list(members))
    if len(score_MC) == 1:
        return score_MC[0]
    level_M1 = score_MC.mean(dim=1, keepdim=True)
    relative_MC = score_MC / level_M1.clamp_min(torch.finfo(score_MC.dtype).tiny)
    return relative_MC.mean(dim=0) * level_M1.mean()
