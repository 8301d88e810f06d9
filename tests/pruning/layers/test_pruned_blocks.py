"""Tests of burnish.pruning.layers.pruned_blocks."""

import json

import torch

from burnish.models import create
from burnish.pruning.layers.prune import prune_layers


def test_a_report_is_plain_data_whose_layers_add_up_to_what_was_removed():
    model = create("resnet20", 10, 3, 16)
    found = prune_layers(model, torch.zeros(1, 3, 16, 16), "random", ratio=0.5)
    report = json.loads(json.dumps(found.report(), allow_nan=False))
    gone = {layer["name"] for layer in report["layers"] if layer["after"] == 0}
    assert gone == set(report["removed"]) == set(found.removed)
    change = sum(layer["before"] - layer["after"] for layer in report["layers"])
    assert report["parameters"]["before"] - report["parameters"]["after"] == change > 0
    assert len(report["layers"]) == 7
    assert report["refusals"][0] == "layer2.0 (BasicBlock) turns 1x16x16x16 into 1x32x8x8"
