"""Tests of burnish.verbs.describing.description."""

import json
from dataclasses import replace

import pytest

from burnish.layers import Window
from burnish.models import Counts, Latency, LayerCount
from burnish.verbs.describing.description import Description

ROW = LayerCount(
    "conv", "Conv2d", (1, 8, 4, 4), 224, 3_456, 512, (3, 3), (1, 1), 1, 224, (Window(3), Window(3)), (4, 4)
)
IDLE = LayerCount("aux", "Net", None, 5, 0, 0, None, None, 0)


def description(latency=None, layers=(ROW, IDLE), **numbers):
    totals = {"parameters": 229, "trainable": 224, "macs": 3_456, "parameter_bytes": 916, "activation_bytes": 512}
    counts = Counts(**(totals | {"used": 224} | numbers), layers=layers)
    return Description("net", ((1, 3, 6, 6), (1,)), counts, ("a note",), latency)


def test_cells_that_say_nothing_are_left_empty():
    lines = description().table().splitlines()
    assert lines[2].split() == ["conv", "Conv2d", "3x3", "1x8x4x4", "224", "3,456", "3", "1", "512", "B"]
    assert lines[3].split() == ["aux", "Net", "not", "run", "5"]


def test_totals_follow_the_rows():
    assert description().table().splitlines()[5:] == [
        "net on 1x3x6x6, 1",
        "parameters   229 (224 used in evaluation, 5 frozen)",
        "MACs         3,456 (0.003456 MMACs)",
        "memory       916 B parameters, 512 B activations",
        "sizes        as (N + 2P - F)/S + 1 gives for the one layer with a window",
        "note         a note",
    ]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"macs": 4_089_200_000}, "(4.089 GMACs)"),
        ({"parameter_bytes": 3 * 2**20}, "3.0 MiB parameters"),
        ({"parameter_bytes": 3 * 2**30}, "3.0 GiB parameters"),
        ({"trainable": 229, "used": 229}, "parameters   229\n"),
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


def test_a_layer_that_ran_to_another_size_than_its_window_gives_is_named():
    found = description(layers=(replace(ROW, expected_size=(6, 6)), IDLE))
    assert (
        "sizes        conv ran to 4x4 where (N + 2P - F)/S + 1 of its window gives 6x6: "
        "it does more than its window says" in found.table()
    )
    assert found.to_dict()["sizes_that_disagree"] == ["conv"]
    assert description().to_dict()["sizes_that_disagree"] == []


def test_windows_are_told_briefly():
    def window(*windows):
        return (
            description(layers=(replace(ROW, window=windows),))
            .table()
            .splitlines()[2]
            .split("Conv2d")[1]
            .split("1x8")[0]
        )

    assert window(Window(7, 2, 3), Window(7, 2, 3)).strip() == "7x7 s2 p3"
    assert window(Window(3, 1, 0, 2), Window(1, 1, 0, 2)).strip() == "3x1 d2"
    assert window(Window(3, 1, 1), Window(3, 2, 1)).strip() == "3x3 s1x2 p1"


def test_columns_in_which_nothing_stands_are_left_out():
    plain = replace(ROW, window=None, receptive_field=None, stride=None)
    assert description(layers=(plain,)).table().split("\n")[0].split() == [
        "layer",
        "type",
        "output",
        "parameters",
        "MACs",
        "memory",
    ]


def test_a_layer_whose_weights_another_reads_did_not_run_but_is_in_use():
    assert "in its parent" in description(layers=(replace(IDLE, used=5),)).table()


def test_strides_below_one_are_shown():
    assert " 0.5 " in description(layers=(replace(ROW, stride=(0.5, 0.5)),)).table()


def test_a_layer_that_ran_several_times_says_so():
    assert "Conv2d, 3 calls  3x3" in description(layers=(replace(ROW, calls=3),)).table()
