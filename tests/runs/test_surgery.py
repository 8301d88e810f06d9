"""Tests of burnish.runs.surgery."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.graph.surgery import remove_
from burnish.pruning.graph.tracing import groups
from burnish.runs.surgery import SURGERY_FILE, read_surgery, rebuild_, write_surgery


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def test_what_was_cut_is_written_and_read_and_rebuilds_the_shapes(tmp_path):
    cut = network()
    steps = remove_(cut, groups(cut, torch.zeros(1, 4))[0], [0, 5])
    write_surgery(tmp_path, [{"level": "filter", "steps": steps}, {"level": "weight", "steps": ["0.weight"]}])
    fresh = network()
    rebuild_(fresh, read_surgery(tmp_path))
    fresh.load_state_dict(cut.state_dict())
    assert fresh[0].out_features == 6


def test_a_missing_or_damaged_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"has no surgery.json, so its pruned model cannot be rebuilt"):
        read_surgery(tmp_path)
    for text in ("{", '[{"level": 3, "steps": []}]', '[{"steps": []}]', "5"):
        (tmp_path / SURGERY_FILE).write_text(text)
        with pytest.raises(InputError, match=r"surgery.json is damaged: .*; prune the parent again"):
            read_surgery(tmp_path)


def test_an_unknown_level_is_named():
    with pytest.raises(InputError, match="a pruning of level 'neuron' is not known"):
        rebuild_(network(), [{"level": "neuron", "steps": []}])
