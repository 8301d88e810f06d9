"""Tests of burnish.training.schedules."""

import itertools
import math

import pytest
import torch
from torch.optim import lr_scheduler

from burnish.common.errors import InputError
from burnish.training.options import TrainingOptions
from burnish.training.schedules import Cosine, Exponential, OneCycle, Plateau, Schedule, Step, Warmup, build_schedule

PER_EPOCH = 7


def torch_factors(make, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    factors = []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return factors


def factors(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.factor(step / PER_EPOCH) for step in range(steps)]


def test_step_equals_torch():
    theirs = torch_factors(lambda o: lr_scheduler.StepLR(o, step_size=3 * PER_EPOCH, gamma=0.5), 70)
    assert factors(Step(3, 0.5), 70) == pytest.approx(theirs)


def test_exponential_equals_torch():
    theirs = torch_factors(lambda o: lr_scheduler.ExponentialLR(o, gamma=0.5 ** (1 / (3 * PER_EPOCH))), 70)
    assert factors(Exponential(3, 0.5), 70) == pytest.approx(theirs)


def test_cosine_equals_torch():
    theirs = torch_factors(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=70), 71)
    assert factors(Cosine(10), 71) == pytest.approx(theirs, abs=1e-12)


def test_one_cycle_equals_torch_phase_by_phase():
    steps = 101
    theirs = torch_factors(
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=steps, pct_start=0.3), steps - 1
    )
    peak = 0.3 * steps - 1  # torch peaks one step before 30 % and ends one step early
    cycle = OneCycle(1.0)
    for step, theirs_now in enumerate(theirs):
        share = 0.3 * step / peak if step < peak else 0.3 + 0.7 * (step - peak) / (steps - 1 - peak)
        assert cycle.factor(share) == pytest.approx(theirs_now, abs=1e-9)


def test_plateau_equals_torch():
    metrics = [1.0, 0.9, 0.9, 0.91, 0.8999999, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2)  # torch drops after patience + 1
    ours = Plateau(0.1, patience=3, direction="min")
    for metric in metrics:
        theirs.step(metric)
        ours.observe(metric)
        assert ours.factor(0.0) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.drops == 3


@pytest.mark.parametrize(
    ("schedule", "at"),
    [
        (Schedule(), {0: 1, 5: 1, 10: 1}),
        (Step(5, 0.1), {0: 1, 4.999: 1, 5: 0.1, 10: 0.01}),
        (Exponential(5, 0.1), {0: 1, 2.5: 10**-0.5, 5: 0.1, 10: 0.01}),
        (Cosine(10), {0: 1, 2.5: 0.5 + 0.25 * math.sqrt(2), 5: 0.5, 10: 0, 11: 0}),
        (OneCycle(10), {0: 0.04, 1.5: 0.52, 3: 1, 6.5: 0.500002, 10: 4e-6, 11: 4e-6}),
        (Warmup(2, Cosine(8)), {0: 0.01, 1: 0.505, 2: 1, 6: 0.5, 10: 0}),
        (Warmup(2, OneCycle(8)), {0: 0.0004, 2: 0.04, 4.4: 1}),
    ],
)
def test_values_at_the_ends_and_between(schedule, at):
    assert {epoch: schedule.factor(epoch) for epoch in at} == pytest.approx(at, abs=1e-12)


@pytest.mark.parametrize("schedule", [Step(2, 0.5), Exponential(2, 0.5), Cosine(10)])
def test_decay_never_rises(schedule):
    assert all(after <= before for before, after in itertools.pairwise(factors(schedule, 90)))


def test_one_cycle_rises_then_falls():
    values = factors(OneCycle(10), 70)
    top = values.index(max(values))
    assert top == 21
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)


def test_warmup_is_a_straight_line():
    values = factors(Warmup(3, Schedule()), 3 * PER_EPOCH + 1)
    steps = [after - before for before, after in itertools.pairwise(values)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert values[-1] == 1.0


def test_a_drop_behind_a_warmup_comes_on_its_step():
    schedule = Warmup(0.3, Step(1, 0.1))
    assert 23 / 10 - 0.3 < 2  # rounding
    assert [schedule.factor(step / 10) for step in (12, 13, 22, 23)] == pytest.approx([1, 0.1, 0.1, 0.01])


def test_plateau_follows_its_direction():
    rising = [0.1, 0.2, 0.3, 0.4]
    up, down = Plateau(0.1, 2, "max"), Plateau(0.1, 2, "min")
    for metric in rising:
        up.observe(metric)
        down.observe(metric)
    assert (up.drops, down.drops) == (0, 1)


def test_plateau_takes_negative_metrics_and_nan():
    plateau = Plateau(0.1, 2, "max")
    for metric in (-5.0, -4.0, -3.0):
        plateau.observe(metric)
    assert plateau.drops == 0
    for metric in (math.nan, math.nan):
        plateau.observe(metric)
    assert (plateau.drops, plateau.best) == (1, -3.0)


@pytest.mark.parametrize("warmup", [0, 2])
def test_plateau_continues_after_loading(warmup):
    options = TrainingOptions(schedule="plateau", plateau_patience=2, gamma=0.5, warmup=warmup)
    whole, first, second = (build_schedule(options, 10, "max") for _ in range(3))
    metrics = [0.5, 0.5, 0.4, 0.4, 0.6, 0.6, 0.6]
    for metric in metrics:
        whole.observe(metric)
    for metric in metrics[:2]:
        first.observe(metric)
    second.load_state_dict(first.state_dict())
    for metric in metrics[2:]:
        second.observe(metric)
    assert second.factor(9) == whole.factor(9) == 0.25
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"schedule": "constant"}, Schedule),
        ({"schedule": "step"}, Step),
        ({"schedule": "exponential"}, Exponential),
        ({"schedule": "cosine"}, Cosine),
        ({"schedule": "one-cycle"}, OneCycle),
        ({"schedule": "plateau"}, Plateau),
        ({"schedule": "cosine", "warmup": 1.0}, Warmup),
        ({}, Cosine),
        ({"optimizer": "lbfgs"}, Schedule),
        ({"optimizer": "newton-cg", "schedule": "constant"}, Schedule),
    ],
)
def test_options_choose_the_schedule(options, kind):
    assert type(build_schedule(TrainingOptions(**options), 10)) is kind


def test_cosine_behind_a_warmup_ends_with_the_training():
    schedule = build_schedule(TrainingOptions(schedule="cosine", warmup=2.0), 10)
    assert schedule.factor(10 - 1e-6) == pytest.approx(0.0, abs=1e-9)
    assert schedule.factor(6) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "cosin"}, r"unknown schedule 'cosin' \(did you mean 'cosine'\?\)"),
        ({"warmup": -1.0}, "warmup must be 0 or more epochs, got -1.0"),
        ({"warmup": 12.0}, "warmup of 12 epochs does not fit into a training of 10"),
        ({"warmup": 10.0}, "warmup of 10 epochs does not fit into a training of 10"),
        ({"gamma": 0.0}, r"gamma must lie in \(0, 1\], got 0.0"),
        ({"gamma": 1.5}, r"gamma must lie in \(0, 1\], got 1.5"),
        ({"step_epochs": 0.0}, "step_epochs must be above 0, got 0.0"),
        ({"plateau_patience": 0}, "plateau_patience must be 1 or more epochs, got 0"),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "schedule cosine does not go with lbfgs"),
        ({"optimizer": "newton-cg", "warmup": 1.0}, "warmup of 1 epochs does not go with newton-cg"),
    ],
)
def test_impossible_values_are_named(options, message):
    with pytest.raises(InputError, match=message):
        build_schedule(TrainingOptions(**options), 10)


def test_a_training_without_length_is_refused():
    with pytest.raises(InputError, match="more than 0 epochs, got 0"):
        build_schedule(TrainingOptions(), 0)
