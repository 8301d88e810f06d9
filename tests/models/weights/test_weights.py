"""Tests of burnish.models.weights.weights."""

import json

import pytest
import torch
from safetensors.torch import save_file

from burnish.common.errors import InputError
from burnish.models import Preparation, entry
from burnish.models.weights.weights import Weights

CONFIG = {
    "architecture": "tiny",
    "pretrained_cfg": {
        "input_size": [3, 48, 48],
        "crop_pct": 0.75,
        "interpolation": "bicubic",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "license": "apache-2.0",
    },
}


def timm_folder(folder, state, config=CONFIG):
    folder.mkdir(parents=True)
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return folder


def test_what_torchvision_prepared_is_known_before_the_file_is_fetched(places, tiny):
    tiny.path.unlink()
    weights = Weights("torchvision:tiny", entry("tiny"))
    assert weights.preparation.crop == 24
    assert weights.model == "tiny"
    with pytest.raises(InputError, match="cannot download"):
        _ = weights.state


def test_torchvisions_file_is_found_read_and_named_by_its_digest(places, tiny):
    tiny.put(places / "user")
    weights = Weights("torchvision:tiny")
    assert weights.sha256 == tiny.digits
    assert torch.equal(weights.state["conv1.weight"], tiny.model.conv1.weight)
    assert weights.licence == ""


def test_timms_configuration_has_the_last_word(places, tiny):
    timm_folder(places / "user" / "timm" / "tiny.a1", tiny.model.state_dict())
    weights = Weights("timm:tiny.a1", entry("tiny"))
    assert weights.preparation == Preparation(48, 64, "bicubic", (0.5,) * 3, (0.25,) * 3)
    assert weights.licence == "apache-2.0"
    assert torch.equal(weights.state["conv1.weight"], tiny.model.conv1.weight)
    assert len(weights.sha256) == 64


def test_a_folder_with_timms_files_is_as_good_as_their_name(places, tiny):
    folder = timm_folder(places / "work" / "mine", tiny.model.state_dict())
    for given in (folder, "mine", folder / "model.safetensors"):
        weights = Weights(given)
        assert weights.preparation.crop == 48
        assert weights.source == str(given)


@pytest.mark.parametrize("config", ["{", "[]", '{"pretrained_cfg": {"crop_pct": "much"}}', '{"input_size": 3}'])
def test_a_damaged_configuration_is_named(places, tiny, config):
    folder = timm_folder(places / "work" / "mine", tiny.model.state_dict(), config)
    with pytest.raises(InputError, match=r"config\.json is damaged \(.*\): fetch it again"):
        _ = Weights(folder).preparation


def test_a_file_of_torchvisions_is_known_by_its_name_and_checked(places, tiny):
    path = tiny.put(places / "work")
    assert Weights(path).preparation.crop == 24
    path.write_bytes(b"damaged")
    with pytest.raises(InputError, match="is damaged: its sha256 begins with"):
        Weights(path.name)


def test_a_file_of_the_users_says_nothing_of_preparation(places, tiny):
    weights = Weights(tiny.path.rename(places / "best-20241103.pth"))  # eight digits, but nobody promised them
    assert weights.preparation is None
    assert weights.model is None
    assert weights.sha256 == tiny.digits


def test_a_state_dict_is_taken_as_it_is(tiny):
    weights = Weights(tiny.model.state_dict())
    assert (weights.source, weights.sha256, weights.preparation, weights.model) == (
        "the given state dict",
        "",
        None,
        None,
    )
    assert weights.licence == ""
    assert set(weights.state) == set(tiny.model.state_dict())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nothing.pth", r"there are no weights 'nothing\.pth': expected torchvision:NAME, timm:NAME\.TAG, or a \.pth"),
        ("best.pt", r"there are no weights 'best\.pt' \(did you mean 'best\.pth'\?\)"),
        (".", r"\. is a folder without model\.safetensors: expected"),
        (7, r"weights must be torchvision:NAME, .* file, or a dict of tensors, got int"),
        ({}, "the state dict has no tensors"),
    ],
)
def test_what_is_nowhere_is_one_clear_line(places, given, message):
    (places / "work" / "best.pth").write_bytes(b"")
    with pytest.raises(InputError, match=message):
        Weights(given)


def test_a_word_that_names_nothing_is_answered_with_what_the_model_has(tiny):
    message = "there are no weights 'default': known for tiny are torchvision:tiny, timm:tiny.a1; a .pth"
    with pytest.raises(InputError, match=message):
        Weights("default", entry("tiny"))
    assert Weights("torchvision:tiny", entry("tiny")).wanted_by == "tiny"
    assert Weights("torchvision:tiny").wanted_by is None
