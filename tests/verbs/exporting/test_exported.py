"""Tests of burnish.verbs.exporting.exported."""

import json
from pathlib import Path

import pytest

from burnish.verbs.exporting.exported import Exported


def exported(to="onnx"):
    return Exported(
        path=Path("runs/0001-fit/model.onnx"),
        to=to,
        bytes=2_500_000,
        inputs="float32 [batch, 3]",
        outputs=("float32 [batch, 2]",),
        count=1234,
        checked_on="validation samples",
        difference=1.5e-6,
        largest=7.25,
        notes=("mind this",),
    )


@pytest.mark.parametrize(("to", "call"), [("onnx", "onnxruntime.InferenceSession"), ("torch", "torch.export.load")])
def test_the_text_says_what_was_checked_and_how_to_load_it(to, call):
    text = exported(to).text()
    assert "runs/0001-fit/model.onnx (2.5 MB)" in text
    assert "on 1,234 validation samples: differs by at most 1.5e-06, answers up to 7.25" in text
    assert f"{call}('runs/0001-fit/model.onnx')" in text
    assert text.endswith("note: mind this")


def test_plain_data_go_through_json():
    told = json.loads(json.dumps(exported().to_dict()))
    assert (told["path"], told["outputs"], told["count"]) == ("runs/0001-fit/model.onnx", ["float32 [batch, 2]"], 1234)
