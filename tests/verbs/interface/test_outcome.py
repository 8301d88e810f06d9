"""Tests of burnish.verbs.interface.outcome."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from burnish.common.intervals import proportion
from burnish.verbs.interface.outcome import Outcome


def test_json_holds_paths_arrays_and_dataclasses_as_plain_data():
    data = {
        "run": Path("runs/1"),
        "a": torch.tensor([1, 2]),
        "b": np.float64(0.5),
        "c": proportion(1, 2),
        "d": (1, None),
    }
    plain = json.loads(Outcome("", data).json())
    assert plain["run"] == "runs/1"
    assert plain["a"] == [1, 2]
    assert plain["b"] == 0.5
    assert plain["c"]["count"] == 2
    assert plain["d"] == [1, None]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, torch.tensor(math.nan)])
def test_what_json_cannot_say_becomes_null(value):
    assert Outcome("", {"loss": value}).json() == '{"loss": null}'


def test_a_value_without_a_plain_form_is_a_bug():
    with pytest.raises(TypeError, match="an outcome cannot hold a object"):
        Outcome("", {"x": object()}).json()
