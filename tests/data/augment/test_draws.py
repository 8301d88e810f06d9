"""Tests of burnish.data.augment.draws."""

import math

import pytest
import torch

from burnish.data.augment.draws import Draws, words

MANY = 40_000
PINNED = [0.20080732407599233, 0.14445972302966892, 0.8033412785110103, 0.8064220316731854]


def draws(seed=0, epoch=0, count=MANY):
    return Draws(seed, epoch, torch.arange(count))


def test_numbers_are_uniform_on_the_unit_interval():
    found = draws().uniform("x", 2)
    assert found.min() >= 0
    assert found.max() < 1
    # Four standard errors of the mean of a uniform number, sqrt(1/12/n), and of its variance, sqrt(1/180/n).
    assert (found.mean(0) - 0.5).abs().max() < 4 * math.sqrt(1 / 12 / MANY)
    assert (found.var(0) - 1 / 12).abs().max() < 4 * math.sqrt(1 / 180 / MANY)
    counts = torch.histc(found[:, 0], 64, 0, 1)
    chi_square = ((counts - MANY / 64).square() / (MANY / 64)).sum()
    assert abs(chi_square - 63) < 4 * math.sqrt(2 * 63)  # four standard deviations of chi-square with 63 degrees


def test_names_positions_epochs_seeds_and_neighbours_are_independent():
    base = draws().uniform("x", 2)
    columns = [
        base[:, 0],
        base[:, 1],
        draws().uniform("y")[:, 0],
        draws(epoch=1).uniform("x")[:, 0],
        draws(seed=1).uniform("x")[:, 0],
        base[:, 0].roll(1),
        draws().uniform("x?")[:, 0],
    ]
    correlation = torch.corrcoef(torch.stack(columns)) - torch.eye(len(columns))
    assert correlation.abs().max() < 4.5 / math.sqrt(MANY)  # 4.5 standard errors, 21 pairs


def test_a_sample_draws_the_same_in_any_batch_and_order():
    whole = Draws(3, 5, torch.tensor([9, 2, 70_000, 4]))
    part = Draws(3, 5, torch.tensor([4, 2]))
    assert torch.equal(whole.uniform("a", 7)[[3, 1]], part.uniform("a", 7))
    assert torch.equal(whole.seeds("a")[[3, 1]], part.seeds("a"))


def test_the_numbers_are_the_same_on_every_machine():
    found = Draws(0, 0, torch.tensor([0, 1])).uniform("pinned", 2)
    assert found.tolist() == [PINNED[:2], PINNED[2:]]


def test_more_numbers_begin_with_those_of_fewer():
    assert torch.equal(draws(count=5).uniform("a", 9)[:, :4], draws(count=5).uniform("a", 4))


def test_nothing_touches_the_global_generator():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    Draws(1, 2, torch.arange(4)).normal("x")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_ratio_is_uniform_in_its_logarithm():
    found = draws().ratio("r", 1 / 1.6, 1.6)
    assert found.min() >= 1 / 1.6
    assert found.max() < 1.6
    assert found.log().mean().abs() < 4 * 2 * math.log(1.6) * math.sqrt(1 / 12 / MANY)  # 4 standard errors


def test_normal_numbers_have_mean_0_and_variance_1():
    found = draws().normal("n", 2)
    assert found.isfinite().all()
    assert found.mean(0).abs().max() < 4 / math.sqrt(MANY)
    assert (found.var(0) - 1).abs().max() < 4 * math.sqrt(2 / MANY)


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_something_happens_with_its_probability(probability):
    share = draws().happens("h", probability).double().mean().item()
    spread = math.sqrt(probability * (1 - probability) / MANY)
    assert abs(share - probability) <= 4 * spread


def test_words_of_one_seed_have_independent_uniform_bits():
    found = words(draws(count=64).seeds("w"), 1000)
    bits = torch.stack([(found >> bit & 1).double().mean() for bit in range(64)])
    assert (bits - 0.5).abs().max() < 4.5 * 0.5 / math.sqrt(found.numel())
    assert len(found.unique()) == found.numel()
