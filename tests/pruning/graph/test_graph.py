"""Tests of burnish.pruning.graph.graph."""

import numpy as np
import torch
from torch import nn

from burnish.pruning.graph import trace
from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.graph import groups_of, remaining


class Split(nn.Module):
    """Channels of one layer that go two ways."""

    def __init__(self):
        super().__init__()
        self.stem, self.left, self.right = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 4, 1), nn.Conv2d(8, 4, 1)
        self.head = nn.Linear(8 * 4, 2)

    def forward(self, x):
        return self.head(torch.cat([self.left(x), self.right(self.stem(x))], dim=1).flatten(1))


def test_each_channel_is_in_one_group_with_all_its_positions():
    graph = trace(Split(), torch.rand(1, 3, 2, 2))
    found = {group.name: group for group in graph.groups()}
    assert {name: group.count for name, group in found.items()} == {"stem": 8, "left": 4, "right": 4}
    index = {name: {(part.tensor, part.dim): part.index for part in group.slices} for name, group in found.items()}
    assert index["left"]["head.weight", 1].tolist() == torch.arange(16).view(4, 4).tolist()
    assert index["right"]["head.weight", 1].tolist() == (16 + torch.arange(16).view(4, 4)).tolist()
    assert index["left"]["left.weight", 0].flatten().tolist() == [0, 1, 2, 3]


def test_what_is_fixed_is_in_no_group():
    graph = trace(Split(), torch.rand(1, 3, 2, 2))
    group = groups_of(graph)[0]
    graph.atoms.fix(group.atoms.numpy()[None, :1])
    assert groups_of(graph)[0].count == group.count - 1


def test_unused_parameters_are_in_no_group():
    model = Split()
    model.spare = nn.Linear(5, 5)
    graph = trace(model, torch.rand(1, 3, 2, 2))
    assert not any("spare" in part.tensor for group in graph.groups() for part in group.slices)


def test_groups_of_one_layer_have_names_of_their_own():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.left, self.right = nn.Linear(4, 12), nn.Linear(8, 2), nn.Linear(4, 2)
            self.cut = 8

        def forward(self, x):
            x = self.stem(x)
            return self.left(x[:, : self.cut]) + self.right(x[:, self.cut :])

    found = trace(Two(), torch.rand(2, 4)).groups()
    assert [(group.name, group.count) for group in found] == [("stem", 8), ("stem#2", 4)]
    assert ("", "cut", 8) in [(number.module, number.name, len(number.positions)) for number in found[0].counted]


def test_what_remains_is_what_has_lost_no_factor():
    atoms = Atoms()
    rows, columns = atoms.fresh(2), atoms.fresh(3)
    grid = np.concatenate([np.repeat(rows, 3, axis=1), np.tile(columns, 2)])
    removed = np.zeros(atoms.count, dtype=bool)
    removed[[rows[0, 0], columns[0, 2]]] = True
    assert remaining(atoms, grid, removed) == 2
    assert remaining(atoms, None, removed) is None
