"""Tests of burnish.verbs.exporting.sources."""

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.runs.subject import opened
from burnish.verbs.exporting.sources import probe_of


def test_validation_samples_come_as_the_model_gets_them(digits_run):
    with opened(digits_run) as subject:
        probe = probe_of(subject, 20, None)
    expected = digits_run.data.validation.gather(torch.arange(20))[0]
    assert torch.equal(probe.inputs, expected)
    assert (probe.about, probe.notes) == ("validation samples", ())


def test_no_more_than_there_are(digits_run):
    with opened(digits_run) as subject:
        assert len(probe_of(subject, 10**6, None).inputs) == len(digits_run.data.validation)


def test_other_data_must_fit(digits_run, table_run):
    with opened(digits_run) as subject, pytest.raises(InputError, match="diabetes does not fit run"):
        probe_of(subject, 5, "diabetes")


def test_a_gan_gives_its_generator_and_noise(points_run):
    with opened(points_run) as subject:
        probe = probe_of(subject, 7, None)
    assert probe.module(probe.inputs).shape == (7, 2)
    assert probe.about == "draws of noise"


def test_data_of_another_process_are_stood_in_for_and_said(tmp_path):
    module = nn.Sequential(nn.Linear(3, 2))
    inputs, targets = torch.rand(40, 3), torch.arange(40) % 2
    run = burnish.fit(data=(inputs, targets), model=module, epochs=1, out=tmp_path, quiet=True)
    with opened(run.path, nn.Sequential(nn.Linear(3, 2))) as subject:
        probe = probe_of(subject, 9, None)
    assert probe.inputs.shape == (9, 3)
    assert probe.about == "random inputs"
    assert "was made from data in memory" in probe.notes[0]
    with opened(run.path, nn.Sequential(nn.Linear(3, 2))) as subject:
        assert probe_of(subject, 9, (inputs, targets)).about == "validation samples"
