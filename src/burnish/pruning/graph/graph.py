"""What is known of a traced model: which channels are one, and what cannot be removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from burnish.common.errors import InputError
from burnish.pruning.graph.atoms import Atoms, Dim, Ids
from burnish.pruning.graph.following.record import Attribute
from burnish.pruning.graph.group import Counted, Group, Refusal, Role, Slice
from burnish.pruning.graph.rules.reshaping import Labels


@dataclass
class Graph:
    """The channels of a model, made by :func:`burnish.pruning.graph.trace`.

    Attributes:
        atoms: which channels are one.
        weights: channels of every parameter and buffer that the forward uses, by name.
        shapes: shape of every parameter and buffer, by name.
        buffers: names of the buffers.
        roles: what each dimension of a weight does; those not named carry.
        attributes: numbers of modules that count channels.
        refusals: layers that cannot be narrowed, each with the line that stands in the way.
        notes: what a user should know of how the graph was found.
    """

    atoms: Atoms
    weights: dict[str, Labels]
    shapes: dict[str, torch.Size]
    buffers: frozenset[str]
    roles: dict[tuple[str, int], Role] = field(default_factory=dict)
    attributes: list[Attribute] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def groups(self, ignore: Sequence[str] = ()) -> tuple[Group, ...]:
        """Every set of channels that can be removed one by one.

        Args:
            ignore: names of modules or parameters that keep their outputs.

        Raises:
            InputError: a name in ``ignore`` is that of nothing in the model.
        """
        for name in ignore:
            if not any(_within(known, name) for known in self.shapes):
                raise InputError(
                    f"ignore names '{name}', which is no module with weights and no parameter of the model"
                )
        found = groups_of(self)
        kept = []
        for group in found:
            own = [part.tensor for part in group.slices if part.role != "consumes" and not part.is_buffer]
            if not any(_within(tensor, name) for tensor in own for name in ignore):
                kept.append(group)
        return tuple(kept)


def _within(tensor: str, name: str) -> bool:
    return tensor == name or tensor.startswith(f"{name}.")


def groups_of(graph: Graph) -> list[Group]:
    """Sort channels by what goes with them: those that touch the same dimensions equally often are one group."""
    places = [
        (name, dim, rows)
        for name, labels in graph.weights.items()
        for dim, channels in enumerate(labels)
        if (rows := graph.atoms.resolve(channels)) is not None
    ]
    marks = np.random.default_rng(0).integers(1, 2**63 - 1, size=max(1, len(places)), dtype=np.uint64)
    signature = np.zeros(graph.atoms.count, dtype=np.uint64)
    for mark, (_, _, rows) in zip(marks, places, strict=False):
        for row in rows:
            np.add.at(signature, row, mark)
    signature[0] = 0
    _, inverse, counts = np.unique(signature, return_inverse=True, return_counts=True)
    number = np.where((signature > 0) & (counts[inverse] > 1), inverse, -1)
    order = np.full(graph.atoms.count, -1, dtype=np.int64)  # place of a channel in its group
    members: dict[int, list[int]] = {}
    found: dict[int, list[Slice]] = {}
    for name, dim, rows in places:
        for row in rows:
            owners = number[row]
            for owner in dict.fromkeys(owners[owners >= 0].tolist()):
                positions = np.flatnonzero(owners == owner)
                channels = row[positions]
                if owner not in members:
                    first = np.unique(channels, return_index=True)[1]
                    ids = channels[np.sort(first)]
                    order[ids] = np.arange(len(ids))
                    members[owner] = ids.tolist()
                sorting = np.argsort(order[channels], kind="stable")
                index = torch.from_numpy(positions[sorting].reshape(len(members[owner]), -1).copy())
                role = graph.roles.get((name, dim), "carries")
                found.setdefault(owner, []).append(Slice(name, dim, index, role, name in graph.buffers))
    counted = _counted(graph, number, order)
    result = []
    for owner, slices in found.items():
        if all(part.is_buffer or part.role == "consumes" for part in slices):
            continue  # numbers that are given, not learnt
        makers = [part for part in slices if part.role == "produces"] or [part for part in slices if not part.is_buffer]
        atoms = torch.tensor(members[owner])
        result.append(
            Group(
                makers[0].module or makers[0].tensor,
                len(atoms),
                makers[0].index.shape[1],
                tuple(slices),
                tuple(counted.get(owner, ())),
                atoms,
            )
        )
    return _renamed(result)


def _counted(graph: Graph, number: Ids, order: Ids) -> dict[int, list[Counted]]:
    result: dict[int, list[Counted]] = {}
    for attribute in graph.attributes:
        rows = graph.atoms.resolve(attribute.channels)
        for row in () if rows is None else rows:
            owners = number[row]
            for owner in np.unique(owners[owners >= 0]):
                positions = np.flatnonzero(owners == owner)
                counted = Counted(
                    attribute.module,
                    attribute.name,
                    attribute.place,
                    torch.from_numpy(positions),
                    torch.from_numpy(order[row[positions]]),
                )
                result.setdefault(owner, []).append(counted)
    return result


def _renamed(groups: list[Group]) -> list[Group]:
    seen: dict[str, int] = {}
    result = []
    for group in groups:
        seen[group.name] = seen.get(group.name, 0) + 1
        name = group.name if seen[group.name] == 1 else f"{group.name}#{seen[group.name]}"
        result.append(Group(name, group.count, group.granularity, group.slices, group.counted, group.atoms))
    return result


def remaining(atoms: Atoms, dim: Dim, removed: np.ndarray) -> int | None:
    """How many positions of a dimension stay, or None where none of its channels can go.

    Args:
        atoms: the channels.
        dim: along the dimension.
        removed: for every channel whether it goes.
    """
    rows = atoms.resolve(dim)
    return None if rows is None else int((~removed[rows].any(axis=0)).sum())
