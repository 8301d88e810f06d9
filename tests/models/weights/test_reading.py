"""Tests of burnish.models.weights.reading."""

import argparse

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from burnish.common.errors import InputError
from burnish.models.weights.reading import layouts, read_state
from burnish.runs.model_record import save_weights

STATE = {"fc.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.ones(2)}


def same(first, second):
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("suffix", ["pth", "pt", "th", "bin"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_torch_saved_is_read(tmp_path, suffix, zipped):
    torch.save(STATE, tmp_path / f"a.{suffix}", _use_new_zipfile_serialization=zipped)
    assert same(read_state(tmp_path / f"a.{suffix}"), STATE)


def test_safetensors_are_read(tmp_path):
    save_file(STATE, tmp_path / "a.safetensors")
    found = read_state(tmp_path / "a.safetensors")
    assert same({name: found[name] for name in STATE}, STATE)


def test_tied_weights_of_a_run_come_back_under_every_name(tmp_path):
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    save_weights(module, tmp_path / "model.safetensors")
    assert set(read_state(tmp_path / "model.safetensors")) == set(module.state_dict())


@pytest.mark.parametrize("holders", [("state_dict",), ("model",), ("checkpoint", "state_dict")[1:], ("model", "net")])
def test_a_checkpoint_is_looked_into(tmp_path, holders):
    content = STATE
    for holder in reversed(holders):
        content = {"epoch": 3, holder: content, "optimizer": {"state": {}}}
    torch.save(content, tmp_path / "a.pth")
    assert same(read_state(tmp_path / "a.pth"), STATE)


def test_values_that_are_no_tensors_are_left_out(tmp_path):
    torch.save(STATE | {"version": 2}, tmp_path / "a.pth")
    assert same(read_state(tmp_path / "a.pth"), STATE)


class Trap:
    """Says when it is called."""

    def __reduce__(self):
        return print, ("code ran",)


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (nn.Linear(2, 2), r"torch\.nn\.modules\.linear\.Linear"),
        ({"state_dict": STATE, "args": argparse.Namespace(a=1)}, r"argparse\.Namespace"),
        (Trap(), r"[\w.]*print"),
    ],
    ids=["module", "namespace", "trap"],
)
def test_a_file_that_needs_code_is_refused_and_nothing_runs(tmp_path, capsys, content, asked):
    torch.save(content, tmp_path / "a.pth")
    message = (
        rf"a\.pth holds more than weights \({asked}\), and reading that would run code from the file: save the ten"
    )
    with pytest.raises(InputError, match=message) as caught:
        read_state(tmp_path / "a.pth")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "page"])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_damaged_file_is_one_clear_line(tmp_path, suffix, damage):
    path = tmp_path / f"a.{suffix}"
    torch.save(STATE, path) if suffix == "pth" else save_file(STATE, path)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-5], "empty": b"", "noise": b"\x80\x04" * 50, "page": b"<html>404</html>"}[damage])
    with pytest.raises(InputError, match=rf"a\.{suffix} is damaged.*fetch it again$") as caught:
        read_state(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 3}, "holds no weights: expected a dict of tensors, it has epoch"),
        ([1, 2], "holds no weights: expected a dict of tensors, it is none"),
        ({}, "holds no weights: expected a dict of tensors, it"),
    ],
)
def test_a_file_without_tensors_says_what_it_has(tmp_path, content, message):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(InputError, match=message):
        read_state(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_program_is_no_weights(tmp_path):
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "a.pt")
    with pytest.raises(
        InputError, match=r"a\.pt is a TorchScript program, not weights: save model\.state_dict\(\) instead"
    ):
        read_state(tmp_path / "a.pt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*a\.pth: No such file"):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize("front", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.module."])
def test_names_in_front_are_taken_off(front):
    assert list(STATE) in [list(found) for found in layouts({front + name: tensor for name, tensor in STATE.items()})]


def test_names_of_wrappers_are_taken_out_of_the_middle():
    assert list(next(layouts({"fc._orig_mod.weight": torch.zeros(1)}))) == ["fc.weight"]


def test_the_input_layer_of_a_run_is_left_behind():
    state = {"input.mean": torch.zeros(3), **{f"model.{name}": tensor for name, tensor in STATE.items()}}
    assert same(list(layouts(state))[1], STATE)
