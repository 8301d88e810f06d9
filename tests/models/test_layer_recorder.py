"""Tests of burnish.models.layer_recorder; its numbers are tested through burnish.models.count."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from burnish.models.field_tracker import FieldTracker
from burnish.models.layer_recorder import LayerRecorder


def test_every_layer_is_recorded_by_name_in_the_order_it_ran():
    model = nn.ModuleDict({"late": nn.Linear(3, 2), "early": nn.Linear(3, 3)})
    with LayerRecorder(model, FieldTracker()) as recorder, torch.no_grad():
        model["late"](model["early"](torch.zeros(4, 3)))
    assert list(recorder.records) == ["early", "late"]
    assert recorder.records["late"].shape == (4, 2)
    assert recorder.running == []


def test_packed_sequences_count_only_the_symbols_they_hold():
    model = nn.LSTM(5, 7)
    packed = pack_padded_sequence(torch.zeros(4, 2, 5), torch.tensor([4, 1]))
    with LayerRecorder(model, FieldTracker()) as recorder, torch.no_grad():
        model(packed)
    assert recorder.records[""].macs == (4 + 1) * 4 * (5 * 7 + 7 * 7)


def test_hooks_and_torch_settings_are_put_back():
    model = nn.Linear(2, 2)
    before = torch.backends.mha.get_fastpath_enabled(), torch.backends.cuda.flash_sdp_enabled()
    with LayerRecorder(model, FieldTracker()):
        assert not torch.backends.mha.get_fastpath_enabled()
    assert before == (torch.backends.mha.get_fastpath_enabled(), torch.backends.cuda.flash_sdp_enabled())
    assert not model._forward_hooks
    assert not model._forward_pre_hooks


def test_after_a_failure_the_layers_that_were_running_are_known():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3)))
    recorder = LayerRecorder(model, FieldTracker())
    try:
        with recorder:
            model(torch.zeros(1, 2))
    except RuntimeError:
        pass
    assert recorder.running == ["", "0", "0.1"]
    assert recorder.received["0.1"] == "float32 1x2"
