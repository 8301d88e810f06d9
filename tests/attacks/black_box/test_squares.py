"""Tests of burnish.attacks.black_box.squares."""

import math

import pytest
import torch
from torch import nn

from burnish.attacks.black_box.square import Square
from burnish.attacks.black_box.squares import Bumps, Corners, _bump, _bump_and_hollow
from burnish.attacks.goal import Misclassify
from burnish.attacks.norms import size


def problem(norm="linf", shape=(64, 3, 9, 9), eps=0.1, seed=0, value=0.5):
    attack = Square(nn.Flatten().eval(), eps=eps, norm=norm, seed=seed)
    labels = torch.zeros(shape[0], dtype=torch.int64)
    return attack.problem(torch.full(shape, value, dtype=torch.float64), labels, Misclassify(), 0, shape[0])


def made(kind, samples):
    return Corners.around(samples) if kind is Corners else Bumps()


def test_corners_begin_as_stripes_of_one_column():
    samples = problem()
    start = Corners.around(samples).start(samples)
    assert torch.equal(start, start[:, :, :1].expand_as(start))
    assert sorted(start.unique().tolist()) == pytest.approx([0.4, 0.6])
    ups = (start[:, :, 0] > 0.5).double()
    assert ups.mean().item() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(ups.numel()))  # 4 standard errors


@pytest.mark.parametrize("side", [1, 4, 9, 20])
def test_corners_change_one_square_of_each_image_and_always_something(side):
    samples = problem(shape=(64, 1, 9, 7))
    corners = Corners.around(samples)
    best = corners.start(samples)
    for _ in range(20):
        asked = corners.next(samples, best, side)
        changed = (asked != best).any(dim=1)
        assert changed.flatten(1).any(dim=1).all()
        for one in changed:
            rows, columns = one.nonzero().unbind(1)
            assert rows.max() - rows.min() < side
            assert columns.max() - columns.min() < side
        best = asked


def test_a_channel_changes_as_one():
    samples = problem(shape=(64, 3, 9, 9))
    corners = Corners.around(samples)
    flat = samples.inputs + 0.0
    for window, before in zip(corners.next(samples, flat, 3), flat, strict=True):
        changed = (window != before).all(dim=0)
        assert changed.sum() == 9
        assert all(len(channel[changed].unique()) == 1 for channel in window)


def test_corners_keep_bounds():
    samples = problem(value=0.95)
    asked = Corners.around(samples).next(samples, Corners.around(samples).start(samples), 5)
    assert asked.max() == 1
    assert asked.min().item() == pytest.approx(0.85)


@pytest.mark.parametrize("kind", [Corners, Bumps])
def test_squares_lie_everywhere_alike(kind):
    samples = problem("linf" if kind is Corners else "l2", shape=(400, 1, 6, 5))
    squares = made(kind, samples)
    counts, rounds = torch.zeros(4, 3), 10
    for _ in range(rounds):
        asked = squares.next(samples, samples.inputs, 3)
        for one in (asked != samples.inputs)[:, 0]:
            rows, columns = one.nonzero().unbind(1)
            counts[rows.min(), columns.min()] += 1
    share, drawn = 1 / counts.numel(), 400 * rounds
    assert counts.sum() == drawn
    assert (counts / drawn - share).abs().max() < 4 * math.sqrt(share * (1 - share) / drawn)  # 4 standard errors


@pytest.mark.parametrize("kind", [Corners, Bumps])
def test_what_is_drawn_for_a_sample_does_not_depend_on_who_is_left(kind):
    norm = "linf" if kind is Corners else "l2"
    whole, narrow = problem(norm), problem(norm)
    squares, others = made(kind, whole), made(kind, narrow)
    best = squares.start(whole)
    assert torch.equal(best, others.start(narrow))
    kept = torch.arange(64) % 3 == 0
    asked = squares.next(whole, best, 4)[kept]
    assert torch.equal(asked, others.part(kept).next(narrow.part(kept), best[kept], 4))


def test_bumps_begin_at_the_border_of_the_ball_and_fill_the_image():
    samples = problem("l2", eps=0.5)
    start = Bumps().start(samples)
    assert torch.allclose(size(start - samples.inputs, "l2"), samples.eps)
    wide = problem("l2", shape=(8, 3, 20, 25), eps=0.5)
    assert ((Bumps().start(wide) - wide.inputs) != 0).double().mean() > 0.7


def test_moving_mass_fills_one_square_empties_another_and_uses_all_of_eps():
    samples = problem("l2", eps=0.5, shape=(200, 2, 12, 12))
    bumps = Bumps()
    best = samples.inputs + 0.9 * (bumps.start(samples) - samples.inputs)
    asked = bumps.next(samples, best, 3)
    assert torch.allclose(size(asked - samples.inputs, "l2"), samples.eps)  # line 8: what was unused is spent
    moved = 0
    for before, after, plain in zip(best, asked, samples.inputs, strict=True):
        changed = (before != after).any(dim=0)
        assert changed.sum() <= 2 * 9
        emptied = (after == plain).all(dim=0) & (before != plain).any(dim=0)
        moved += int(emptied.sum() > 0)
    assert moved > 150  # the two squares coincide in 1 of 100


def test_bumps_keep_the_ball_where_the_bounds_are_near():
    samples = problem("l2", eps=0.5, value=0.98)
    best = Bumps().start(samples)
    for _ in range(5):
        best = Bumps().next(samples, best, 3)
        assert best.max() <= 1
        assert (size(best - samples.inputs, "l2") <= samples.eps * (1 + 1e-12)).all()


def test_images_smaller_than_a_bump_are_searched_too():
    samples = problem("l2", eps=0.5, shape=(16, 1, 2, 2))
    bumps = Bumps()
    asked = bumps.next(samples, bumps.start(samples), 1)
    assert asked.isfinite().all()
    assert (asked != samples.inputs).any()


def test_a_bump_is_the_sum_of_the_formula():
    bump = _bump(5, 5)
    rings = [1 + 1 / 4 + 1 / 9, 1 / 4 + 1 / 9, 1 / 9]
    assert bump[2, 2:].tolist() == pytest.approx(rings)
    assert bump[0].tolist() == pytest.approx([rings[2]] * 5)
    assert torch.equal(bump, bump.T)


def test_a_bump_and_a_hollow_share_a_square_of_length_one():
    both = _bump_and_hollow(7)
    assert both.shape == (7, 7)
    assert both.norm().item() == pytest.approx(1)
    assert (both[:, :3] > 0).all()
    assert (both[:, 3:] < 0).all()
