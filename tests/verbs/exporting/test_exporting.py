"""Tests of burnish.verbs.exporting.exporting."""

from pathlib import Path

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights import Mask, sparsify_
from burnish.verbs.export import Export
from burnish.verbs.exporting import exporting
from burnish.verbs.exporting.exporting import check_options, target_of, without_masks


def options(**changes):
    return Export(run=Path("runs/0001-fit"), **changes)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(
        InputError, match=r"--to onnx needs onnxscript: pip install 'burnish\[onnx\]', or use --to torch"
    ):
        check_options(options(to="onnx"))
    check_options(options(to="torch"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"samples": 0}, "samples must be at least 1, got 0"),
        ({"to": "onnx", "device": "cuda"}, "an ONNX file belongs to no device, got --device cuda: leave it out"),
    ],
)
def test_options_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        check_options(options(**changes))


def test_the_file_lies_in_the_run_unless_it_is_named(tmp_path):
    assert target_of(tmp_path, options()) == tmp_path / "model.pt2"
    assert target_of(tmp_path, options(to="onnx")) == tmp_path / "model.onnx"
    assert target_of(Path("x"), options(file=tmp_path / "net.pt2")) == tmp_path / "net.pt2"


def test_a_file_that_exists_is_replaced_only_on_request(tmp_path):
    (tmp_path / "model.pt2").write_text("old")
    with pytest.raises(InputError, match=r"model\.pt2 exists: choose another name with --file, or replace it"):
        target_of(tmp_path, options())
    assert target_of(tmp_path, options(overwrite=True)) == tmp_path / "model.pt2"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("", r"it is a folder; name a file in it, such as .*model\.pt2"),
        ("net.onnx", r"--to torch writes \.pt2 files, got 'net\.onnx': name it net\.pt2"),
        ("none/net.pt2", r"there is no folder '.*none' to write net\.pt2 in: make it first"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path, file, message):
    with pytest.raises(InputError, match=message):
        target_of(tmp_path, options(file=tmp_path / file))


def test_masks_become_plain_zeros_in_a_copy():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    assert without_masks(net) is net
    sparsify_(net, 0.5)
    plain, inputs = without_masks(net), torch.rand(3, 8)
    assert torch.equal(plain(inputs), net(inputs))
    assert not any(isinstance(part, Mask) for part in plain.modules())
    assert any(isinstance(part, Mask) for part in net.modules())
