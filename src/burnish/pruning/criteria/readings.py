"""What the weights that read the channels of a model are given, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode, untouched
from burnish.common.visible_attention import visible_attention
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.members import combined, consuming
from burnish.pruning.criteria.reader_watch import Place, ReaderWatch
from burnish.pruning.graph.group import Group


def mean_readings(
    model: nn.Module, groups: Sequence[Group], calibration: Calibration, of: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """The mean, over all samples and positions, of a function of what is read from each channel.

    What a channel's readers are given is its value behind whatever nonlinearity, normalisation and pooling lie between,
    written as a module or as a function. Every sample weighs the same, however the batches are cut; a sample's own
    positions weigh the same too. Where several layers read a channel, their means are combined as members of the group.

    Args:
        model: it runs in evaluation mode, and is left as it was.
        groups: of the model.
        calibration: what it runs on.
        of: from values to numbers of at least 0, element by element.

    Returns:
        ``(channels,)`` float64 for each group; zeros where no reader runs in evaluation, as in auxiliary classifiers.

    Raises:
        InputError: no reader of a group can be seen: the weight that it computes with is not the parameter itself, but
            made of it.
    """
    wanted: dict[Place, Tensor] = {}
    tensors = dict(model.named_parameters())
    for group in groups:
        wanted.update({(part.tensor, part.dim): tensors[part.tensor].detach() for part in consuming(group)})
    totals: dict[Place, Tensor] = {}
    counts: dict[Place, int] = {}
    touched: set[Place] = set()
    with untouched(model), preserved_mode(model, training=False), torch.no_grad(), visible_attention():
        for batch in calibration.over(model):
            with ReaderWatch(wanted, of) as watch:
                calibration.forward(model, batch)
            touched |= watch.touched
            for place, total in watch.sums.items():
                mean = total / watch.rows[place]
                totals[place] = totals.get(place, 0) + mean * len(batch)
                counts[place] = counts.get(place, 0) + len(batch)
    means = {place: (total / counts[place]).cpu().double() for place, total in totals.items()}
    return [_of_group(group, means, touched) for group in groups]


def _of_group(group: Group, means: dict[Place, Tensor], touched: set[Place]) -> Tensor:
    readers = consuming(group)
    seen = [part for part in readers if (part.tensor, part.dim) in means]
    if seen:
        return combined([means[part.tensor, part.dim][part.index].mean(dim=1) for part in seen])
    if readers and not any((part.tensor, part.dim) in touched for part in readers):
        return torch.zeros(group.count, dtype=torch.float64)
    raise InputError(
        f"what is read of the channels of '{group.name}' cannot be seen (read by {', '.join(group.consumers) or 'none'}"
        "): ignore that layer, or take a criterion that looks at weights, such as l1"
    )
