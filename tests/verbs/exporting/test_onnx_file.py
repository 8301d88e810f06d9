"""Tests of burnish.verbs.exporting.onnx_file."""

import logging
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.verbs.exporting import onnx_file
from burnish.verbs.exporting.tracing import traced

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return {"logits": self.layer(x), "sum": x.sum(1)}


@pytest.fixture(scope="module")
def made():
    torch.manual_seed(0)
    module = Two().eval()
    return module, onnx_file.content_of(traced(module, torch.zeros(2, 4)), '{"run": "0001-fit"}')


def test_onnxruntime_answers_as_the_module_for_any_number_of_samples(made):
    module, content = made
    answer = onnx_file.read(content)
    for count in (1, 2, 7):
        inputs = torch.randn(count, 4)
        logits, total = answer(inputs)
        torch.testing.assert_close(logits, module(inputs)["logits"])
        torch.testing.assert_close(total, module(inputs)["sum"])


def test_the_file_names_its_ends_and_tells_where_it_came_from(made):
    model = onnx.load_from_string(made[1])
    onnx.checker.check_model(model)
    assert [one.name for one in model.graph.input] == ["inputs"]
    assert [one.name for one in model.graph.output] == ["outputs_0", "outputs_1"]
    assert {entry.key: entry.value for entry in model.metadata_props}["burnish"] == '{"run": "0001-fit"}'
    assert b"test_onnx_file.py" not in made[1]
    assert logging.getLogger("torch.onnx").level == logging.NOTSET


def test_weights_beyond_the_format_are_refused():
    huge = SimpleNamespace(state_dict={"w": torch.empty(2**30, device="meta")})
    with pytest.raises(
        InputError, match=r"an ONNX file holds up to 2 GB of weights, these are 4\.29 GB: use --to torch"
    ):
        onnx_file.content_of(huge, "{}")


def test_an_operator_without_counterpart_is_one_line(monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no decomposition\nfor aten.strange")

    monkeypatch.setattr(torch.onnx, "export", fails)
    with pytest.raises(InputError, match=r"torch cannot write this model as ONNX: no decomposition for aten\.strange"):
        onnx_file.content_of(traced(nn.ReLU(), torch.zeros(2, 1)), "{}")


def test_a_file_that_onnxruntime_cannot_read_is_one_line():
    with pytest.raises(InputError, match="onnxruntime cannot run the exported model: "):
        onnx_file.read(b"no model")
