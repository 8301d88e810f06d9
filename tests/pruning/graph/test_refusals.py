"""Tests of burnish.pruning.graph.refusals."""

import torch
from torch import nn

from burnish.pruning.graph import trace

ROWS = torch.rand(3, 4)
IMAGE = torch.rand(2, 3, 8, 8)


def test_a_number_of_channels_in_the_code_is_refused_with_its_line_and_the_rest_stays():
    class Baked(nn.Module):
        def __init__(self):
            super().__init__()
            self.free, self.baked, self.head = nn.Linear(4, 6), nn.Linear(6, 12), nn.Linear(12, 2)

        def forward(self, x):
            x = self.baked(self.free(x).relu())
            x = x.view(len(x), 3, 4)  # this line
            return self.head(x.transpose(1, 2).flatten(1))

    graph = trace(Baked(), ROWS)
    assert [group.name for group in graph.groups()] == ["free"]
    (refusal,) = {str(refusal) for refusal in graph.refusals}
    with open(__file__, encoding="utf-8") as file:
        line = next(number for number, text in enumerate(file, start=1) if "# this line" in text)
    assert refusal.startswith("baked cannot be narrowed: ")
    assert refusal.endswith(f"test_refusals.py:{line})")


def test_an_operator_without_a_rule_is_named():
    class Distances(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.head = nn.Linear(4, 8), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(
                torch.ops.aten._cdist_forward(self.first(x), self.head.weight, 2.0, None) @ self.head.weight
            )

    graph = trace(Distances(), ROWS)
    assert not graph.groups()
    assert "first, head cannot be narrowed: aten._cdist_forward.default has no rule" in str(graph.refusals[0])


def test_halves_of_one_layer_by_a_number_from_its_shape_are_refused():
    class Sliced(nn.Module):
        def __init__(self):
            super().__init__()
            self.both, self.left, self.right = nn.Linear(4, 12), nn.Linear(6, 2), nn.Linear(6, 2)

        def forward(self, x):
            x = self.both(x)
            half = x.shape[1] // 2
            return self.left(x[:, :half]) + self.right(x[:, half:])

    assert not trace(Sliced(), ROWS).groups()


class Graded(nn.Module):
    """Its second layer is weighed place by place with numbers that the forward makes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(4, 8), nn.Linear(8, 32), nn.Linear(32, 2)

    def forward(self, inputs):
        return self.last(self.second(self.first(inputs)).relu() * torch.linspace(0, 1, 32))


def test_a_layer_that_keeps_its_width_without_a_line_to_blame_is_still_told():
    graph = trace(Graded(), torch.zeros(2, 4))
    assert [group.name for group in graph.groups()] == ["first"]
    (refusal,) = graph.refusals
    assert str(refusal).startswith("second cannot be narrowed: what they give is combined, place by place, with")


class Shuffled(nn.Module):
    """Halves of an odd number of channels, one of them passed on, and both shuffled: in the end all are tied."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 10), nn.Linear(10, 2)
        self.halves = nn.ModuleList(nn.Linear(5, 5) for _ in range(3))

    def forward(self, inputs):
        rows = self.first(inputs)
        for half in self.halves:
            kept, changed = rows.chunk(2, dim=1)
            rows = torch.cat([kept, half(changed)], 1)
            rows = rows.view(len(rows), 2, -1).transpose(1, 2).flatten(1)
        return self.last(rows)


def test_channels_that_are_taken_one_by_one_are_told_with_their_line():
    class Told(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(4, 2), nn.Linear(2, 2)

        def forward(self, inputs):
            mean, spread = self.first(inputs).unbind(1)
            return self.last(torch.stack([mean, spread.exp()], 1))

    (refusal,) = trace(Told(), ROWS).refusals
    assert str(refusal).startswith("first cannot be narrowed: each is taken by its number (in 'the model', ")


def test_channels_that_are_all_tied_to_each_other_are_told_with_their_line():
    first, *_ = trace(Shuffled(), ROWS).refusals
    assert str(first).startswith("first, halves.0, halves.1 cannot be narrowed: they are tied to each other, and could")
    assert "test_refusals.py:" in first.line


def test_layers_whose_width_the_outputs_show_are_no_refusals():
    assert trace(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2)), torch.zeros(1, 4)).refusals == []
