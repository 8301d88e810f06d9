"""Options that must not change the result do not, and those that must change it do."""

import pytest
import torch
from torch import nn

import burnish

from .conftest import write_photos


def pictures(count=48):
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    shades = torch.rand(count, 1, 16, 16, generator=draw) * 0.6 + 0.4 * labels.view(-1, 1, 1, 1)
    return (shades * 255).to(torch.uint8), labels


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2), nn.Flatten(), nn.Linear(4 * 6 * 6, 2)
    )


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    """The weights and last training loss of a plain fit with some options changed."""
    folder = tmp_path_factory.mktemp("runs")
    known = {}

    def run(**options):
        key = str(sorted(options.items()))
        if key not in known:
            settings = {"epochs": 3, "batch_size": 16, "optimizer": "momentum", "learning_rate": 0.02, "out": folder}
            settings |= {"schedule": "constant", "precision": "fp32", "log_every": 1, "quiet": True} | options
            done = burnish.fit(pictures(), model=network(), **settings)
            known[key] = done.model.state_dict(), done.history[-2]["loss"]
        return known[key]

    return run


def distance(first, second):
    return max((tensor - second[0][name]).abs().max().item() for name, tensor in first[0].items())


@pytest.mark.parametrize("accumulate", [2, 4, 5])
def test_accumulation_changes_nothing_but_rounding(accumulate, fit):
    assert distance(fit(), fit(accumulate=accumulate)) < 1e-6


def test_channels_last_changes_nothing_but_rounding(fit):
    assert distance(fit(), fit(channels_last=True)) < 1e-6


def test_bf16_is_close_to_fp32_and_not_it(fit):
    assert 0 < distance(fit(), fit(precision="bf16")) < 0.05
    assert fit(precision="bf16")[1] == pytest.approx(fit()[1], rel=0.05)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # torch warns of its own code
def test_a_compiled_model_learns_the_same(fit):
    assert distance(fit(), fit(compile=True)) < 1e-5


@pytest.mark.parametrize(
    "options",
    [
        {"clip_norm": 1e-3},
        {"clip_value": 1e-4},
        {"ema": 0.9},
        {"l1": 0.01},
        {"l2": 0.1},
        {"weight_decay": 0.1},
        {"max_norm": 0.1},
        {"label_smoothing": 0.2},
        {"warmup": 1.0},
        {"schedule": "cosine"},
        {"seed": 1},
    ],
    ids=lambda options: next(iter(options)),
)
def test_an_option_takes_effect(options, fit):
    assert distance(fit(), fit(**options)) > 1e-4


def test_clipped_steps_are_no_longer_than_asked(fit):
    start = {name: tensor.clone() for name, tensor in network().state_dict().items()}
    moved, _ = fit(clip_norm=1e-3, optimizer="sgd", learning_rate=1.0, max_steps=1)
    length = sum((moved[name] - tensor).square().sum() for name, tensor in start.items()).sqrt().item()
    assert length == pytest.approx(1e-3, rel=1e-3)


def test_workers_change_neither_order_nor_result(tmp_path):
    write_photos(tmp_path / "photos", 8, size=8)
    options = {"model": "logistic-regression", "epochs": 2, "batch_size": 4, "cache_mb": 0, "quiet": True}
    runs = [burnish.fit(tmp_path / "photos", workers=n, out=tmp_path, log_every=1, **options) for n in (0, 1, 2)]
    losses = [[row["loss"] for row in run.history if row["event"] == "train"] for run in runs]
    assert losses[0] == losses[1] == losses[2]
    weights = [run.model.state_dict() for run in runs]
    assert all(torch.equal(weights[0][name], other[name]) for other in weights[1:] for name in other)
