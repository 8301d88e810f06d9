"""Tests of burnish.runs.model_record."""

import copy
import json
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.models import LoadReport
from burnish.runs.model_record import (
    build,
    has_shapes_of,
    import_module,
    imported,
    load_weights,
    record_module,
    record_named,
    record_weights,
    save_weights,
)

SCHEMA = Schema("image", "classification", (1, 8, 8), classes=("a", "b", "c"))


class Tied(nn.Module):
    """Two layers that share their weights, and one that views a part of them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("empty", torch.zeros(0))

    def forward(self, inputs):
        return self.second(self.first(inputs))


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """A folder with a module of the user's own, as the working folder."""
    (tmp_path / "mynets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self): super().__init__(3, 2)\n"
        "class Wide(nn.Linear): pass\n"
        "ready = nn.Flatten()\n"
        "def number(): return 3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    yield tmp_path
    sys.modules.pop("mynets", None)


def equal(first: nn.Module, second: nn.Module) -> bool:
    other = second.state_dict()
    return all(torch.equal(value, other[name]) for name, value in first.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_weights_come_back_bit_by_bit(tmp_path, dtype):
    first, second = (nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).to(dtype) for _ in range(2))
    first[1].running_var.normal_()
    save_weights(first, tmp_path / "model.safetensors")
    load_weights(second, tmp_path / "model.safetensors")
    assert equal(first, second)


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path):
    first, second = Tied(), Tied()
    save_weights(first, tmp_path / "model.safetensors")
    stored = load_file(tmp_path / "model.safetensors")
    assert set(stored) == {"first.weight", "first.bias", "second.bias", "count", "empty"}
    load_weights(second, tmp_path / "model.safetensors")
    assert equal(first, second)
    assert second.second.weight is second.first.weight


def test_weights_in_any_memory_layout_come_back(tmp_path):
    first, second = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last), nn.Conv2d(3, 4, 3)
    save_weights(first, tmp_path / "model.safetensors")
    load_weights(second, tmp_path / "model.safetensors")
    assert equal(first, second)


def test_extra_state_is_refused(tmp_path):
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"code": "print(1)"}

    with pytest.raises(InputError, match="'_extra_state' in the state of Extra is a dict: weights are kept as tensors"):
        save_weights(Extra(1, 1), tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "header"])
def test_damaged_weights_are_one_clear_line(tmp_path, damage):
    path = tmp_path / "model.safetensors"
    save_weights(nn.Linear(4, 4), path)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-3], "empty": b"", "noise": b"\x80\x04" * 50, "header": whole[:8] + b"{"}[damage])
    module = nn.Linear(4, 4)
    before = module.weight.clone()
    with pytest.raises(InputError, match=f"^weights {path} are damaged: .*; evaluate another run, or fit again$"):
        load_weights(module, path)
    assert torch.equal(module.weight, before)


def test_missing_weights_say_how_to_go_on(tmp_path):
    expected = f"there are no weights at .*: the run did not finish; burnish fit --resume {tmp_path}"
    with pytest.raises(InputError, match=expected):
        load_weights(nn.Linear(1, 1), tmp_path / "model.safetensors")


def test_weights_of_another_model_name_what_differs(tmp_path):
    save_weights(nn.Linear(4, 4), tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"do not fit Linear: size mismatch for weight.*\[4, 4\].*\[2, 4\]"):
        load_weights(nn.Linear(4, 2), tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"do not fit Sequential: Missing key.*0\.weight"):
        load_weights(nn.Sequential(nn.Linear(4, 4)), tmp_path / "model.safetensors")


def test_the_weights_that_a_model_started_from_are_told_as_text():
    report = LoadReport("timm:net.a1", ("fc.weight",), sha256="0123", licence="apache-2.0")
    expected = {"source": "timm:net.a1", "sha256": "0123", "licence": "apache-2.0"}
    assert record_weights(report) == {"weights": expected}
    assert record_weights(LoadReport("the given state dict", ())) == {"weights": {"source": "the given state dict"}}
    model = build(record_named("mlp", {}) | record_weights(report), SCHEMA)
    assert model(torch.rand(2, 1, 8, 8)).shape == (2, 3)  # nothing is fetched to rebuild it


@pytest.mark.parametrize(("name", "options"), [("mlp", {"hidden": (16, 8), "dropout": 0.1}), ("resnet20", {})])
def test_a_named_model_is_built_again_from_its_record(name, options):
    record = json.loads(json.dumps(record_named(name, options)))  # tuples come back as lists
    first, second = build(record, SCHEMA), build(record, SCHEMA)
    shapes = {key: value.shape for key, value in first.state_dict().items()}
    assert shapes == {key: value.shape for key, value in second.state_dict().items()}
    assert first(torch.rand(2, 1, 8, 8)).shape == (2, 3)


def test_a_module_of_the_users_own_is_text_and_needs_trust(own_code):
    record = record_module(import_module("mynets:Net"))
    assert record == {"kind": "module", "name": "Net", "import": "mynets:Net"}
    expected = r"your own module mynets:Net: pass it as load_run\(path, model=YourModule\(...\)\), or trust=True"
    with pytest.raises(InputError, match=expected):
        build(record, SCHEMA)
    assert type(build(record, SCHEMA, trust=True)).__name__ == "Net"


@pytest.mark.usefixtures("own_code")
def test_a_module_that_is_ready_is_taken_as_it_is():
    assert isinstance(import_module("mynets:ready"), nn.Flatten)


@pytest.mark.usefixtures("own_code")
def test_whatever_has_a_name_can_be_imported_without_calling_it():
    assert imported("mynets:Net").__name__ == "Net"
    assert callable(imported("mynets:number"))


@pytest.mark.usefixtures("own_code")
@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("mynets:Nte", "cannot import the model 'mynets:Nte': .*; expected package.module:Class"),
        ("nowhere:Net", "cannot import the model 'nowhere:Net': No module named 'nowhere'"),
        ("mynets", "cannot import the model 'mynets'.*expected package.module:Class"),
        (":Net", "cannot import the model ':Net'"),
        ("mynets:Wide", "cannot call mynets:Wide without arguments: .*; pass the module from Python instead"),
        ("mynets:number", "mynets:number gives a int, expected a torch.nn.Module"),
    ],
)
def test_a_path_that_leads_to_no_model_is_one_clear_line(path, line):
    with pytest.raises(InputError, match=line):
        import_module(path)


def test_a_module_with_more_or_other_tensors_than_a_file_does_not_have_its_shapes(tmp_path):
    from burnish.pruning.weights import save_sparse, sparsify_

    two, three = (nn.Sequential(*[nn.Linear(64, 64) for _ in range(count)]) for count in (2, 3))
    path = tmp_path / "model.safetensors"
    save_weights(two, path)
    assert has_shapes_of(two, path)
    assert not has_shapes_of(three, path)
    assert not has_shapes_of(nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 32)), path)
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    save_weights(tied, path)
    assert has_shapes_of(tied, path)
    sparse = copy.deepcopy(two)
    sparsify_(sparse, 0.9)
    save_sparse(sparse, path)
    assert has_shapes_of(two, path)
    assert not has_shapes_of(three, path)
