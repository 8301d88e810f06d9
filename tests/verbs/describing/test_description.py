"""Tests of burnish.verbs.describing.description."""

import json

import pytest

from burnish.models import Counts, Latency, LayerCount
from burnish.verbs.describing.description import Description

ROW = LayerCount("conv", "Conv2d", (1, 8, 4, 4), 224, 3_456, 512, (3, 3), (1, 1), 1)
IDLE = LayerCount("", "Net", None, 5, 0, 0, None, None, 0)


def description(latency=None, **numbers):
    totals = {"parameters": 229, "trainable": 224, "macs": 3_456, "parameter_bytes": 916, "activation_bytes": 512}
    counts = Counts(**(totals | numbers), layers=(ROW, IDLE))
    return Description("net", ((1, 3, 6, 6), (1,)), counts, ("a note",), latency)


def test_cells_that_say_nothing_are_left_empty():
    lines = description().table().splitlines()
    assert lines[2].split() == ["conv", "Conv2d", "1x8x4x4", "224", "3,456", "3x3", "1x1", "512", "B"]
    assert lines[3].split() == ["(model)", "Net", "not", "run", "5"]


def test_totals_follow_the_rows():
    assert description().table().splitlines()[5:] == [
        "net on 1x3x6x6, 1",
        "parameters   229 (5 frozen)",
        "MACs         3,456 (0.003456 MMACs)",
        "memory       916 B parameters, 512 B activations",
        "note         a note",
    ]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"macs": 4_089_200_000}, "(4.089 GMACs)"),
        ({"parameter_bytes": 3 * 2**20}, "3.0 MiB parameters"),
        ({"parameter_bytes": 3 * 2**30}, "3.0 GiB parameters"),
        ({"trainable": 229}, "parameters   229\n"),
    ],
)
def test_numbers_come_in_readable_units(numbers, text):
    assert text in description(**numbers).table()


def test_latency_names_its_threads_and_device():
    found = description(Latency(1.5, 1.25, 2.0, 30, 1, "cpu"))
    assert "latency      1.5 ms [1.25, 2] (1 thread, cpu)" in found.table()
    assert found.to_dict()["latency_ms"]["median"] == 1.5


def test_plain_data_survives_json():
    plain = description().to_dict()
    assert json.loads(json.dumps(plain))["layers"][0]["output_shape"] == [1, 8, 4, 4]
    assert plain["inputs"] == [[1, 3, 6, 6], [1]]
    assert "layers" not in description().totals
