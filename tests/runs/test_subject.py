"""Tests of burnish.runs.subject."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.runs import load_run
from burnish.runs.subject import opened


def test_inside_the_model_scores_and_afterwards_it_is_as_before(digits_run):
    digits_run.model.train()
    frozen = next(iter(digits_run.model.children())).eval()
    with opened(digits_run) as subject:
        assert subject.model is digits_run.model
        assert not any(module.training for module in subject.model.modules())
    assert digits_run.model.training
    assert not frozen.training
    digits_run.model.eval()


def test_building_a_module_draws_from_no_global_generator(digits_run):
    before = torch.get_rng_state()
    with opened(digits_run.path) as subject:
        torch.rand(3)
        assert subject.model is not digits_run.model
    assert torch.equal(torch.get_rng_state(), before)


def test_a_given_module_takes_the_weights_and_keeps_its_mode(digits_run):
    other = load_run(digits_run.path).model
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.train()
    with opened(digits_run, other) as subject:
        assert subject.model is other
        assert not other.training
    assert other.training
    for name, tensor in digits_run.model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)


def test_an_error_inside_leaves_everything_as_it_was_too(digits_run):
    digits_run.model.train()
    with pytest.raises(RuntimeError, match="inside"), opened(digits_run):
        raise RuntimeError("inside")
    assert digits_run.model.training
    digits_run.model.eval()


def test_a_device_that_is_not_here_is_told(digits_run):
    with pytest.raises(InputError, match="unknown device 'tpu'"), opened(digits_run, device="tpu"):
        pass
