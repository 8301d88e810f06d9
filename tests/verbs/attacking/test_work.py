"""Tests of burnish.verbs.attacking.work."""

import io

import pytest
import torch
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.attacks.suites.catalogue import create
from burnish.attacks.suites.suite import Suite
from burnish.verbs.attacking.work import Progress, most_seconds, work

MODEL = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).eval()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("fgsm", {}, (1, 2)),
        ("pgd", {"steps": 7, "restarts": 2}, (14, 2)),
        ("apgd-t", {"steps": 5, "classes": 9}, (45, 2)),
        ("square", {"queries": 300}, (0, 300)),
    ],
)
def test_the_work_of_an_attack_is_that_of_its_options(name, options, expected):
    assert work(create(name, MODEL, eps=0.1, **options)) == expected


def test_more_steps_and_more_samples_take_longer():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2000), nn.ReLU(), nn.Linear(2000, 3)).eval()
    inputs = torch.rand(64, 1, 2, 2)
    short = most_seconds(Suite("a", (FGSM(model, eps=0.1),)), model, inputs)
    long = most_seconds(Suite("b", (PGD(model, eps=0.1, steps=1000),)), model, inputs.repeat(2, 1, 1, 1))
    assert 0 < short < long / 50
    assert all(parameter.grad is None for parameter in model.parameters())


def test_each_attack_is_one_line_where_nobody_watches(capsys):
    progress = Progress(quiet=False)
    assert progress.watched(MODEL) is MODEL
    progress.start("pgd", 1200)
    progress.limit(90)
    progress.limit(1)
    progress.start("square", 1)
    progress.end()
    assert capsys.readouterr().err == (
        "pgd on 1,200 samples\nat most about 1 min 30 s, if every sample withstands\nsquare on 1 sample\n"
    )


def test_a_terminal_sees_the_answers_counted(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    progress = Progress(quiet=False)
    watched = progress.watched(MODEL)
    progress.start("pgd", 3)
    x = torch.rand(5, 1, 2, 2)
    assert torch.equal(watched(x), MODEL(x))
    assert "pgd: 5 answers" in terminal.getvalue()
    assert not any(part.training for part in watched.modules())


def test_quiet_says_nothing(capsys):
    progress = Progress(quiet=True)
    progress.start("pgd", 3)
    progress.end()
    assert capsys.readouterr() == ("", "")
