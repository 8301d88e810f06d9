"""Tests of burnish.verbs.describe and of the description it gives."""

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.layers import Normalise
from burnish.models import create, for_data
from burnish.verbs.describe import Describe, command, describe


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A package of the user's own, beside where they work."""
    (tmp_path / "my_nets.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self, width=4):\n"
        "        super().__init__()\n"
        "        self.conv = torch.nn.Conv2d(3, width, 3)\n"
        "        self.head = torch.nn.Linear(width, 2)\n"
        "    def forward(self, x):\n"
        "        return self.head(self.conv(x).flatten(1))\n"
        "class Symbols(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.table = torch.nn.Embedding(7, 3)\n"
        "    def forward(self, x):\n"
        "        return self.table(x)\n"
        "number = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_nets"
    sys.modules.pop("my_nets", None)


@pytest.fixture
def run(tmp_path):
    """The folder of a run, without having trained."""
    from burnish.runs.model_record import save_weights

    folder = tmp_path / "runs" / "0001-fit"
    folder.mkdir(parents=True)
    schema = Schema("image", "classification", (1, 8, 8), classes=("a", "b"))
    (folder / "config.toml").write_text('[model]\nkind = "named"\nname = "mlp"\n[model.options]\nhidden = [5]\n')
    (folder / "schema.json").write_text(json.dumps(schema.to_dict()))
    save_weights(for_data("mlp", schema, hidden=(5,)), folder / "model.safetensors")
    return folder


def test_a_named_model_is_counted_for_the_input_asked_for():
    found = describe("resnet20", "3x32x32")
    assert found.counts.parameters == 269_722
    assert found.totals["macs"] == 40_551_040
    assert found.inputs == ((1, 3, 32, 32),)
    assert found.rows[0].name == "conv1"


def test_the_package_offers_it_under_its_own_name():
    assert burnish.describe is describe


@pytest.mark.parametrize("given", ["1x28x28", (1, 28, 28), torch.zeros(1, 1, 28, 28)])
def test_an_input_may_be_text_shape_or_example(given):
    found = describe("lenet5", given)
    assert found.inputs == ((1, 1, 28, 28),)
    assert found.notes == ("lenet5 pads 28x28 images with zeros to 32x32",)


@pytest.mark.parametrize(
    ("name", "shape"), [("lenet5", (1, 3, 32, 32)), ("char-gru", (1, 128)), ("gan", (1, 2)), ("mlp", (1, 3, 32, 32))]
)
def test_without_an_input_a_named_model_gets_what_it_was_made_for(name, shape):
    assert describe(name).inputs == (shape,)


def test_classes_and_options_reach_the_builder():
    found = describe("mlp", "4", num_classes=3, model_option={"hidden": "5"})
    assert found.counts.parameters == 4 * 5 + 5 + 5 * 3 + 3
    assert describe("char-lstm", "9", num_classes=20).rows[-1].output_shape == (1, 9, 20)


def test_a_module_is_described_as_it_is():
    model = nn.Sequential(Normalise([0.5] * 3, [0.5] * 3), create("resnet20", width=4))
    model.train()
    found = describe(model, "3x8x8")
    assert found.name == "Sequential"
    assert found.rows[0].type == "Normalise"
    assert all(module.training for module in model.modules())


def test_a_module_by_its_import_path(own_module):
    found = describe(f"{own_module}:Net", "3x3x3")
    assert [row.name for row in found.rows] == ["conv", "head"]
    assert found.counts.parameters == 3 * 4 * 9 + 4 + 4 * 2 + 2
    assert describe(f"{own_module}:Symbols", "5:int64").rows[0].output_shape == (1, 5, 3)


def test_a_run_is_described_on_its_own_data(run):
    found = describe(run)
    assert found.inputs == ((1, 1, 8, 8),)
    assert [row.name for row in found.rows if row.parameters] == ["model.hidden.0.linear", "model.head"]
    assert describe(str(run)).counts == found.counts


def test_latency_is_measured_only_when_asked_for():
    assert describe("mlp", "4").latency is None
    assert describe("mlp", "4", latency=True).latency.median > 0


def test_the_table_shows_rows_and_totals():
    text = describe("lenet5", "1x28x28").table()
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "type", "window", "output", "parameters", "MACs", "field", "stride", "memory"]
    cells = next(line.split() for line in lines if line.startswith("conv2"))
    assert cells == ["conv2", "Conv2d", "5x5", "1x16x10x10", "2,416", "240,000", "14", "2", "6.2", "KiB"]
    assert "lenet5 on 1x1x28x28\nparameters   61,706\nMACs         416,520 (0.4165 MMACs)" in text
    assert lines[-1] == "note         lenet5 pads 28x28 images with zeros to 32x32"


def test_frozen_parameters_and_layers_that_did_not_run_are_shown():
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "idle": nn.Linear(3, 3)})
    model.forward = lambda x: model["used"](x)
    model["used"].requires_grad_(False)
    text = str(describe(model, "2"))
    assert "parameters   18 (6 used in evaluation, 6 frozen)" in text
    assert "idle   Linear  not run" in text


def test_auxiliary_classifiers_are_shown_as_what_evaluation_leaves_out():
    found = describe("googlenet")
    text = found.table()
    assert [line.split()[2:4] for line in text.splitlines() if line.startswith("aux1")] == [["not", "run"]]
    assert f"parameters   13,004,888 ({found.counts.used:,} used in evaluation)" in text
    assert found.counts.used == 6_624_904


def test_a_network_made_for_imagenet_has_its_classes():
    assert describe("resnet50").counts.parameters == 25_557_032
    assert describe("resnet50", num_classes=10).counts.parameters == 23_528_522


def test_the_table_opens_containers_to_the_depth_asked_for():
    found = describe("resnet50")
    assert len(found.table("all").splitlines()) > 126
    assert "shown to depth 2 of 4: --depth all shows every layer" in found.table()
    rows = found.table(1).splitlines()
    assert [line.split()[0] for line in rows[2:11]] == [
        "conv1",
        "bn1",
        "relu",
        "maxpool",
        "layer1",
        "layer2",
        "layer3",
        "layer4",
        "fc",
    ]
    assert all(len(line) <= 100 for line in found.table().splitlines())
    whole = json.loads(command(Describe(subject="resnet50", depth=1)).json())
    assert len(whole["layers"]) > 100
    assert whole["containers"][0]["macs"] == whole["macs"]
    assert whole["layers"][0]["window"][0] == {"kernel": 7, "stride": 2, "padding": 3, "dilation": 1}


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_below_one_is_refused(depth):
    with pytest.raises(InputError, match=f"depth must be at least 1, auto or all, got {depth}"):
        command(Describe(subject="mlp", depth=depth))


def test_a_drawing_is_written_where_it_was_asked_for(tmp_path):
    file = tmp_path / "drawings" / "net.svg"
    outcome = command(Describe(subject="lenet5", svg=file))
    assert file.read_text() == describe("lenet5").svg()
    assert outcome.text.endswith(f"drawing      {file}")
    assert json.loads(outcome.json())["svg"] == str(file)


def test_a_drawing_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match=r"--svg names the file of a drawing, and .* is a folder"):
        command(Describe(subject="lenet5", svg=tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write the drawing"):
        command(Describe(subject="lenet5", svg=tmp_path / "file" / "net.svg"))


def test_a_layer_deep_in_a_module_of_ones_own_is_named_when_it_fails(tmp_path, monkeypatch):
    (tmp_path / "deep_nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(5, 6, 3))))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    expected = r"the forward of Net fails in layer '0\.1\.1' \(Conv2d\), which received float32 1x4x6x6: "
    with pytest.raises(InputError, match=expected):
        describe("deep_nets:Net", "3x8x8")
    sys.modules.pop("deep_nets", None)


def test_the_outcome_of_the_command_is_plain_data():
    outcome = command(Describe(subject="resnet20", input="3x8x8", model_option={"width": 4}))
    data = json.loads(outcome.json())
    assert data["verb"] == "describe"
    assert data["inputs"] == [[1, 3, 8, 8]]
    assert sum(layer["macs"] for layer in data["layers"]) == data["macs"]
    assert data["layers"][0]["receptive_field"] == [3, 3]
    assert data["latency_ms"] is None
    assert outcome.text == describe("resnet20", "3x8x8", model_option={"width": 4}).table()


def test_the_options_do_not_import_torch():
    script = "import sys, burnish.verbs.describe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("given", ["3x", "x3", "3x-1", "0x3", "3,3", "three", "3x3:half"])
def test_an_input_that_cannot_be_read_is_named(given):
    message = f"the input must be a shape without the batch, such as 3x224x224, 13 or 128:int64, got '{given}'"
    with pytest.raises(InputError, match=message):
        describe("mlp", given)


@pytest.mark.parametrize(
    ("subject", "given", "message"),
    [
        ("resnet-20", "3x8x8", r"unknown model 'resnet-20' \(did you mean 'resnet20'\?\)"),
        ("resnet20", "3x8", "resnet20 takes image data: --input 3x32x32 is expected, got 3x8"),
        ("mlp", "3x8", "mlp takes image or table or points data: --input 3x32x32 or 13 or 2 is expected, got 3x8"),
        ("lenet5", "3x8x8", "lenet5 needs images of at least 16x16, got 8x8"),
        ("runs/0009-fit", "", "there is no run 'runs/0009-fit': expected a folder such as runs/0001-fit"),
        ("no_such_package.nets:Net", "3", "cannot import the model 'no_such_package.nets:Net': No module named"),
        ("my_nets:Nett", "3", "cannot import the model 'my_nets:Nett': module 'my_nets' has no attribute 'Nett'"),
        ("my_nets:number", "3", "cannot call my_nets:number without arguments"),
        ("my_nets:Net", "", r"the input of my_nets:Net is not known: give the shape of one, without the batch"),
        ("my_nets:Net", "3x8x8", r"the forward of Net fails in layer 'head' \(Linear\), which received float32 1x144"),
        (
            "my_nets:Net",
            "1x3x3",
            r"the forward of Net fails in layer 'conv' \(Conv2d\), which received float32 1x1x3x3",
        ),
    ],
)
def test_bad_input_is_one_clear_line(own_module, subject, given, message):
    with pytest.raises(InputError, match=message) as raised:
        describe(subject, given)
    assert "\n" not in str(raised.value)
