import json
import struct

import pytest
import torch
from safetensors.torch import load_file
from tests.pruning.weights.networks import EXAMPLES, Tied, mlp, same, zeros
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.restoring import mask_zeros_
from burnish.pruning.weights.sparse_file import load_sparse, save_sparse
from burnish.pruning.weights.sparsify import sparsify_
from burnish.runs.model_record import save_weights


@pytest.mark.parametrize("baked", [True, False])
@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_model_comes_back_to_the_bit(kind, baked, tmp_path):
    model, inputs = EXAMPLES[kind][0](), EXAMPLES[kind][1]
    sparsify_(model, 0.7, least_per_output=1)
    if baked:
        bake_(model)
    model.eval()
    save_sparse(model, tmp_path / "model.safetensors")
    fresh = EXAMPLES[kind][0]().eval()
    for parameter in fresh.parameters():
        parameter.data.fill_(9.0)
    load_sparse(fresh, tmp_path / "model.safetensors")
    assert torch.equal(fresh(inputs), model(inputs))
    assert same(zeros(fresh), zeros(model))


@pytest.mark.parametrize(
    "make", [lambda: nn.Sequential(nn.Linear(784, 300), nn.Linear(300, 100)), lambda: nn.Conv2d(64, 64, 3)]
)
def test_nine_weights_of_ten_removed_make_a_fifth_of_the_file_or_less(make, tmp_path):
    model = make()
    sparsify_(model, 0.9)
    size = save_sparse(model, tmp_path / "sparse.safetensors")
    bake_(model)
    save_weights(model, tmp_path / "dense.safetensors")
    assert size == (tmp_path / "sparse.safetensors").stat().st_size
    assert size <= 0.2 * (tmp_path / "dense.safetensors").stat().st_size


def test_a_dense_model_costs_nothing_more(tmp_path):
    size = save_sparse(mlp(), tmp_path / "sparse")
    save_weights(mlp(), tmp_path / "dense")
    assert size <= (tmp_path / "dense").stat().st_size + 16


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path):
    model = Tied()
    save_sparse(model, tmp_path / "tied")
    assert len([name for name in load_file(tmp_path / "tied") if "embedding" in name or "decoder.w" in name]) == 1
    fresh = Tied()
    load_sparse(fresh, tmp_path / "tied")
    assert fresh.decoder.weight is fresh.embedding.weight
    assert torch.equal(fresh.embedding.weight, model.embedding.weight)


def test_a_loaded_model_goes_on_training_with_its_zeros(tmp_path):
    model, inputs = EXAMPLES["cnn"][0](), EXAMPLES["cnn"][1]
    sparsify_(model, 0.8)
    save_sparse(model, tmp_path / "sparse")
    fresh = EXAMPLES["cnn"][0]()
    load_sparse(fresh, tmp_path / "sparse")
    mask_zeros_(fresh)
    optimizer = torch.optim.Adam(fresh.parameters(), lr=0.1)
    fresh(inputs).square().sum().backward()
    optimizer.step()
    assert same(zeros(fresh), zeros(model))


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save_sparse(mlp(), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_sparse(nn.Linear(3, 3), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def damage_values(content):
    """Say that a weight is longer than its parts make it."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"]["sparse"] = header["__metadata__"]["sparse"].replace("[16, 6]", "[16, 2]")
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


@pytest.mark.parametrize("damage", [damage_values, lambda content: content[:-20], lambda content: b"not weights"])
def test_a_damaged_file_is_refused_and_the_model_stays(damage, tmp_path):
    model = mlp()
    sparsify_(model, 0.8, least_per_output=1)
    save_sparse(model, tmp_path / "good")
    (tmp_path / "bad").write_bytes(damage((tmp_path / "good").read_bytes()))
    fresh = mlp()
    with pytest.raises(InputError, match=r"bad are damaged: .*; save them again"):
        load_sparse(fresh, tmp_path / "bad")
    assert torch.equal(fresh[0].weight, mlp()[0].weight)


def test_a_file_of_another_model_a_missing_one_and_masks_in_the_way_are_named(tmp_path):
    save_sparse(nn.Linear(3, 3), tmp_path / "other")
    with pytest.raises(InputError, match=r"other do not fit Sequential: Missing key"):
        load_sparse(mlp(), tmp_path / "other")
    with pytest.raises(InputError, match=r"there is no file .*nowhere: give the path"):
        load_sparse(mlp(), tmp_path / "nowhere")
    layer = nn.Linear(3, 3)
    sparsify_(layer, 0.5)
    with pytest.raises(InputError, match=r"Linear has masks: call bake_\(model\) before loading"):
        load_sparse(layer, tmp_path / "other")
