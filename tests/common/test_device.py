"""Tests of burnish.common.device."""

import pytest
import torch

from burnish.common.device import resolve_device
from burnish.common.errors import InputError


@pytest.fixture
def bare(monkeypatch):
    """A machine with a CPU and nothing else."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)


@pytest.mark.usefixtures("bare")
def test_auto_is_the_cpu_where_there_is_nothing_else():
    assert resolve_device() == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
def test_auto_is_the_current_cuda_device():
    assert resolve_device("auto") == torch.device("cuda", 1)
    assert resolve_device("cuda:1") == torch.device("cuda", 1)


@pytest.mark.usefixtures("bare")
def test_cuda_where_there_is_none_is_one_clear_line():
    expected = "device 'cuda' was asked for, but torch finds 0 CUDA devices here: use --device cpu or auto"
    with pytest.raises(InputError, match=f"^{expected}$"):
        resolve_device("cuda")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_beyond_the_last_is_one_clear_line():
    with pytest.raises(InputError, match="'cuda:2' was asked for, but torch finds 2 CUDA devices here"):
        resolve_device("cuda:2")


@pytest.mark.usefixtures("bare")
def test_mps_where_there_is_none_is_one_clear_line():
    with pytest.raises(InputError, match="'mps' was asked for, but torch finds none here: use --device cpu or auto"):
        resolve_device("mps")


@pytest.mark.parametrize("name", ["gpu0", "meta", "cuda:x", "cuda:-1", ""])
def test_an_unknown_device_is_named_with_what_is_expected(name):
    with pytest.raises(InputError, match=rf"^unknown device '{name}'.*: expected auto, cpu, cuda, cuda:N or mps$"):
        resolve_device(name)


def test_a_misspelt_device_gets_a_hint():
    with pytest.raises(InputError, match=r"unknown device 'cida' \(did you mean 'cuda'\?\)"):
        resolve_device("cida")
