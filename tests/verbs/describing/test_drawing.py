"""Tests of burnish.verbs.describing.drawing."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest
import torch
from torch import nn

from burnish.models import count, create
from burnish.verbs.describing.drawing import draw

SVG = "{http://www.w3.org/2000/svg}"


def drawing(model, *shape, name="net"):
    return draw(name, ((1, *shape),), count(model, torch.zeros(1, *shape)))


def parts(svg, tag, kind=None):
    root = ElementTree.fromstring(svg)
    return [part for part in root.iter(SVG + tag) if kind is None or kind in part.get("class", "").split()]


def words(svg):
    return [part.text for part in parts(svg, "text")]


@pytest.fixture(scope="module")
def resnet():
    return drawing(create("resnet20"), 3, 32, 32, name="resnet20 <small> & plain")


def test_it_is_one_document_that_needs_nothing_else(resnet):
    root = ElementTree.fromstring(resnet)
    assert root.tag == SVG + "svg"
    assert not re.search(r"<script|<image|@import|url\(|href", resnet)
    assert resnet.count("http") == 1, "the name of the format alone"


def test_it_says_in_words_what_it_shows(resnet):
    root = ElementTree.fromstring(resnet)
    assert root.get("role") == "img"
    labelled = {part.get("id"): part.text for part in root if part.get("id")}
    assert root.get("aria-labelledby").split() == list(labelled)
    assert labelled["network-title"] == "resnet20 <small> & plain: the network, layer by layer"
    assert "270 k parameters" in labelled["network-desc"]
    assert "2 \u00d7 BasicBlock to 64\u00d78\u00d78" in labelled["network-desc"]


def test_boxes_follow_resolution_and_channels(resnet):
    found = parts(resnet, "rect", "box")
    height, width = ([float(box.get(side)) for box in found] for side in ("height", "width"))
    assert height[0] == height[1] > height[2] == height[3] > height[4]
    assert width[0] == width[1] < width[2] == width[3] < width[4]
    assert height[1] / height[2] == pytest.approx(2**0.5, rel=1e-2)


def test_blocks_are_framed_counted_and_have_their_way_around(resnet):
    text = words(resnet)
    assert [part.text for part in parts(resnet, "text", "times")] == ["\u00d73", "\u00d72", "\u00d72"]
    assert {"layer1", "layer2", "layer3", "64\u00d78\u00d78", "0\u20132"} <= set(text)
    assert len(parts(resnet, "rect", "frame")) == 3
    assert len(parts(resnet, "circle", "knot")) == 5
    assert any("adds a path around it" in line for line in text)


def test_colours_follow_a_light_or_dark_page(resnet):
    style = parts(resnet, "style")[0].text
    assert "prefers-color-scheme: dark" in style
    used = {name for part in ElementTree.fromstring(resnet).iter() for name in part.get("class", "").split()}
    assert all(f".{name}" in style for name in used)


@pytest.mark.parametrize("depth", [1, 5, 50, 150])
def test_any_depth_stays_within_the_page(depth):
    widths = [3, *(4 + step % 7 for step in range(depth))]
    model = nn.Sequential(*(nn.Conv2d(a, b, 1) for a, b in itertools.pairwise(widths)))
    svg = drawing(model, 3, 8, 8)
    root = ElementTree.fromstring(svg)
    across, down = float(root.get("width")), float(root.get("height"))
    assert across <= 1400
    found = parts(svg, "rect", "box")
    assert len(found) <= depth
    for box in found:
        assert 0 <= float(box.get("x")) <= across - float(box.get("width"))
        assert 0 <= float(box.get("y")) <= down - float(box.get("height"))
    rows = {box.get("y") for box in found}
    assert len(rows) <= -(-depth // 8)


def test_labels_of_neighbours_do_not_overlap(resnet):
    by_line = {}
    for text in parts(resnet, "text"):
        if text.get("class", "") in ("", "soft"):
            by_line.setdefault(text.get("y"), []).append((float(text.get("x")), len(text.text or "") * 6.0))
    for line in by_line.values():
        line.sort()
        for (left, wide), (right, next_wide) in itertools.pairwise(line):
            assert left + wide / 2 <= right - next_wide / 2


def test_what_evaluation_leaves_out_is_said_not_drawn():
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "aux": nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))})
    model.forward = lambda x: model["used"](x)
    svg = drawing(model, 2)
    assert len(parts(svg, "rect", "box")) == 1
    assert "Not drawn, since evaluation does not run it: aux (17)." in words(svg)


def test_sequences_and_volumes_are_drawn_too():
    assert "9\u00d78" in words(drawing(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 9, 8))
    assert "2\u00d74\u00d74\u00d74" in words(drawing(nn.Conv3d(1, 2, 3), 1, 6, 6, 6))
    assert "4\u00d75" in words(drawing(nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU()), 2, 7))


def test_a_concatenation_goes_around_on_both_sides():
    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1)

        def forward(self, x):
            return torch.cat([x, self.conv(x)], 1)

    svg = drawing(nn.Sequential(Dense(), nn.Conv2d(4, 2, 1)), 2, 4, 4)
    assert len(parts(svg, "circle", "knot")) == 1
    assert len(parts(svg, "path", "flow")) == 3, "the line, and a way around on either side"
    assert any("concatenates paths" in line for line in words(svg))
