"""Tests of burnish.verbs.describing.boxes."""

import torch
from torch import nn

from burnish.models import count, create
from burnish.verbs.describing.boxes import boxes, kind_of


def boxes_of(model, *shape, **options):
    return boxes(count(model, torch.zeros(1, *shape)), **options)


def test_repeated_blocks_are_one_box():
    found = boxes_of(create("resnet110", width=4), 3, 8, 8)
    assert [(box.row.name, box.last, box.times) for box in found] == [
        ("conv1", "conv1", 1),
        ("layer1.0", "layer1.17", 18),
        ("layer2.0", "layer2.0", 1),
        ("layer2.1", "layer2.17", 17),
        ("layer3.0", "layer3.0", 1),
        ("layer3.1", "layer3.17", 17),
        ("linear", "linear", 1),
    ]
    assert found[0].folded == ("BatchNorm2d", "ReLU")
    assert [box.parent for box in found[:3]] == ["", "layer1", "layer2"]
    assert found[1].row.joins == ("sum",)


def test_the_depth_is_the_greatest_that_leaves_few_boxes():
    model = nn.Sequential(*(nn.Sequential(nn.Linear(4, width), nn.Linear(width, 4)) for width in (2, 3, 5)))
    assert [box.row.name for box in boxes_of(model, 4)] == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"]
    assert [box.row.name for box in boxes_of(model, 4, most=4)] == ["0", "1", "2"]
    assert len(boxes_of(model, 4, most=1)) == 3, "the outermost layers are always shown"


def test_a_block_around_which_a_path_leads_stays_whole():
    with torch.device("meta"):
        found = boxes(count(create("resnet20"), torch.zeros(1, 3, 32, 32)))
    assert len(found) == 7
    outside = nn.Sequential(create("resnet20", width=4).layer1[0])
    assert [box.row.name for box in boxes_of(outside, 4, 8, 8)] == ["0"]


def test_a_network_that_joins_paths_itself_is_opened():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Sequential(*(nn.Conv2d(2, 2, size, padding="same") for size in range(1, 27, 2)))
            self.up = nn.Sequential(*(nn.Conv2d(2, 2, size, padding="same") for size in range(1, 27, 2)))

        def forward(self, x):
            return x + self.up(self.down(x))

    assert len(boxes_of(nn.Sequential(Net()), 2, 4, 4)) == 26


def test_layers_without_multiplications_join_the_one_before():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2)
    )
    found = boxes_of(model, 1, 8, 8)
    assert [box.row.type for box in found] == ["Conv2d", "MaxPool2d", "Linear"]
    assert [box.folded for box in found] == [("BatchNorm2d", "ReLU", "Dropout"), ("Flatten",), ()]


def test_what_did_not_run_has_no_box():
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "idle": nn.Linear(2, 2)})
    model.forward = lambda x: model["used"](x)
    assert [box.row.name for box in boxes_of(model, 2)] == ["used"]


def test_a_lone_layer_is_a_box():
    assert [(box.row.type, box.parent) for box in boxes_of(nn.Linear(2, 3), 2)] == [("Linear", "")]


def test_a_box_has_the_kind_of_most_of_its_work():
    block = nn.TransformerEncoderLayer(8, 2, 64, batch_first=True)
    model = nn.Sequential(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8, bias=False)), block)
    assert [box.kind for box in boxes_of(model, 5, 8, most=2)] == ["linear", "attention"]
    assert [kind_of(name) for name in ("ConvTranspose2d", "LSTM", "AdaptiveAvgPool2d", "BatchNorm2d")] == [
        "convolution",
        "recurrent",
        "pooling",
        "other",
    ]
