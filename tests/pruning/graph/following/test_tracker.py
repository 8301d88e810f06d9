"""Tests of burnish.pruning.graph.following.tracker."""

import numpy as np
import torch

from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.following.tracker import Tracker, tensors_of

aten = torch.ops.aten


def tracker_of(**tensors):
    atoms = Atoms()
    weights = {name: tuple(atoms.fresh(size) for size in tensor.shape) for name, tensor in tensors.items()}
    return Tracker(atoms, {id(tensor): name for name, tensor in tensors.items()}, weights), weights


def test_an_output_has_the_channels_that_its_rule_gives_and_depends_on_the_input():
    image, weight = torch.rand(2, 3), torch.rand(4, 3)
    tracker, weights = tracker_of(weight=weight)
    tracker.start(image)
    turned = weight.t()
    tracker.follow(aten.t.default, (weight,), {}, turned)
    out = image @ turned
    tracker.follow(aten.mm.default, (image, turned), {}, out)
    assert tracker.of(out)[1] is weights["weight"][0]
    assert tracker.is_live(out)
    assert not tracker.is_live(turned)
    assert tracker.touched == {"weight"}
    assert tracker.consumed[0] is weights["weight"][1]
    assert tracker.made[0] is weights["weight"][0]
    tracker.end(out)
    assert tracker.atoms.resolve(weights["weight"][0]) is None


def test_what_is_written_in_place_is_one_with_what_was_there():
    one, two = torch.rand(4), torch.rand(4)
    tracker, weights = tracker_of(one=one, two=two)
    tracker.follow(aten.add_.Tensor, (one, two), {}, one.add_(two))
    assert np.array_equal(tracker.atoms.find(weights["one"][0]), tracker.atoms.find(weights["two"][0]))


def test_a_transposition_in_place_swaps_channels():
    table = torch.rand(2, 5)
    tracker, weights = tracker_of(table=table)
    tracker.follow(aten.transpose_.default, (table, 0, 1), {}, table.transpose_(0, 1))
    assert [dim.shape[1] for dim in tracker.of(table)] == [5, 2]
    assert tracker.atoms.resolve(weights["table"][0]) is not None


def test_a_tensor_that_nobody_has_seen_cannot_change():
    tracker, _ = tracker_of()
    assert tracker.of(torch.rand(2, 3)) == (None, None)


def test_weights_are_found_by_their_channels():
    one, two = torch.rand(4), torch.rand(5)
    tracker, weights = tracker_of(one=one, two=two)
    assert tracker.places_of([weights["two"][0][:, 2:3]]) == {("two", 0)}


def test_tensors_are_found_in_nests():
    one, two = torch.rand(1), torch.rand(2)
    assert tensors_of([one, {"a": [two, 3]}, None]) == [one, two]
