"""Tests of burnish.common.seeding."""

import io
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from burnish.common.seeding import derive_seed, generator, preserved_rng, rng_state, seed_everything, set_rng_state


@pytest.fixture(autouse=True)
def _own_generators():
    with preserved_rng():
        yield


def draw() -> tuple:
    return torch.rand(3).tolist(), np.random.normal(size=3).tolist(), [random.gauss(0, 1) for _ in range(3)]


def test_a_derived_seed_depends_on_every_key_and_their_order():
    seeds = {derive_seed(0), derive_seed(1), derive_seed(0, "a"), derive_seed(0, "a", "b"), derive_seed(0, "b", "a")}
    seeds |= {derive_seed(0, 1), derive_seed(0, "1"), derive_seed(0, 1, 1), derive_seed(0, 11)}
    assert len(seeds) == 9
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_derived_seed_is_the_same_in_every_process():
    program = "from burnish.common.seeding import derive_seed; print(derive_seed(3, 'order', 7))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert int(done.stdout) == derive_seed(3, "order", 7)


def test_neighbouring_seeds_give_independent_numbers():
    drawn = torch.stack([torch.randn(2000, generator=generator(seed, "noise")) for seed in range(4)])
    correlation = torch.corrcoef(drawn) - torch.eye(4)
    assert correlation.abs().max() < 4 / 2000**0.5


def test_a_generator_of_its_own_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    torch.rand(5, generator=generator(0, "x"))
    assert torch.equal(torch.get_rng_state(), before)


def test_seeding_everything_repeats_every_generator():
    seed_everything(2**63 - 1)
    first = draw()
    seed_everything(2**63 - 1)
    assert draw() == first
    seed_everything(1)
    assert draw() != first


@pytest.mark.parametrize("half_a_pair", [False, True])
def test_the_state_survives_a_checkpoint_that_holds_no_code(half_a_pair):
    seed_everything(0)
    if half_a_pair:  # Box-Muller makes two normal numbers at a time and keeps the second
        random.gauss(0, 1)
        np.random.normal()
    file = io.BytesIO()
    torch.save(rng_state(), file)
    expected = draw()
    seed_everything(99)
    file.seek(0)
    set_rng_state(torch.load(file, weights_only=True))
    assert draw() == expected


def test_states_of_gpus_that_are_not_here_are_passed_over(monkeypatch):
    given = []
    state = rng_state() | {"cuda": [torch.get_rng_state()] * 4}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", given.extend)
    set_rng_state(state)
    assert len(given) == 1


def test_generators_are_put_back_even_after_an_error():
    seed_everything(0)
    expected = draw()
    seed_everything(0)
    with pytest.raises(ZeroDivisionError), preserved_rng():
        random.random() + torch.rand(1).item() + np.random.random() / (seed_everything(5) or 0)
    assert draw() == expected
