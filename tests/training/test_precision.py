"""Tests of burnish.training.precision."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.training import precision as module
from burnish.training.options import TrainingOptions
from burnish.training.precision import Precision, has_fast_bf16, resolve_precision

CPU = torch.device("cpu")
IMAGES = Schema("image", "classification", (3, 8, 8), classes=("a", "b"))
TABLE = Schema("table", "classification", (8,), classes=("a", "b"))
POINTS = Schema("points", "generation", (2,))
TEXT = Schema("text", "language-modelling", (8,), vocabulary=("a", "b"))


@pytest.fixture(params=[True, False], ids=["fast bf16", "no fast bf16"])
def fast(request, monkeypatch):
    monkeypatch.setattr(module, "has_fast_bf16", lambda device_type: request.param)
    return request.param


def test_auto_takes_bf16_for_images_and_text_where_the_hardware_has_it(fast):
    assert resolve_precision(TrainingOptions(), IMAGES, CPU) == Precision(fast, fast, "cpu")
    assert resolve_precision(TrainingOptions(), TEXT, CPU) == Precision(fast, False, "cpu")


@pytest.mark.parametrize("schema", [TABLE, POINTS], ids=["table", "points"])
@pytest.mark.usefixtures("fast")
def test_auto_stays_in_full_precision_for_rows_and_points(schema):
    assert resolve_precision(TrainingOptions(), schema, CPU) == Precision(False, False, "cpu")


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("schema", [IMAGES, TABLE], ids=["images", "table"])
def test_what_was_asked_for_is_taken(schema):
    assert resolve_precision(TrainingOptions(precision="bf16"), schema, CPU).bf16
    assert not resolve_precision(TrainingOptions(precision="fp32"), schema, CPU).bf16


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("wanted", [True, False])
def test_the_memory_layout_that_was_asked_for_is_taken(wanted):
    assert resolve_precision(TrainingOptions(channels_last=wanted), IMAGES, CPU).channels_last is wanted


def test_channels_last_of_no_images_is_refused():
    expected = r"channels_last needs images \(C, H, W\), got table inputs of shape \(8,\)"
    with pytest.raises(InputError, match=expected):
        resolve_precision(TrainingOptions(channels_last=True), TABLE, CPU)
    assert not resolve_precision(TrainingOptions(channels_last=False), TABLE, CPU).channels_last


@pytest.mark.parametrize("bf16", [True, False])
def test_the_context_computes_in_the_format_it_says_and_can_be_entered_again(bf16):
    precision, layer = Precision(bf16, False, "cpu"), torch.nn.Linear(2, 2)
    for _ in range(2):
        with precision.context():
            assert layer(torch.ones(1, 2)).dtype == (torch.bfloat16 if bf16 else torch.float32)
    assert layer(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("flags", "expected"), [("fpu avx512_bf16 x", True), ("fpu amx_bf16", True), ("avx512f avx2", False)]
)
def test_a_cpu_is_fast_by_what_it_says_of_itself(flags, expected, tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(module, "Path", lambda _: tmp_path / "cpuinfo")
    assert has_fast_bf16.__wrapped__("cpu") is expected


def test_a_system_that_says_nothing_of_its_cpu_is_not_fast(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Path", lambda _: tmp_path / "missing")
    assert not has_fast_bf16.__wrapped__("cpu")
    assert not has_fast_bf16.__wrapped__("mps")


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_is_fast_from_ampere_on(capability, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert has_fast_bf16.__wrapped__("cuda") is expected
