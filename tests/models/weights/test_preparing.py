"""Tests of burnish.models.weights.preparing."""

import pytest
import torch

import burnish
from burnish.common.errors import InputError
from burnish.models import Preparation, create, with_preparation
from burnish.models.weights.preparing import channel_statistics, from_run, from_timm, preparation

PREPARED = Preparation(mean=(0.5, 0.25, 0.125), std=(0.5, 0.25, 0.25))


@pytest.mark.parametrize(
    ("channels", "mean", "std"),
    [
        (3, [0.5, 0.25, 0.125], [0.5, 0.25, 0.25]),
        (1, [0.875 / 3], [1 / 3]),
        (4, [0.5, 0.25, 0.125, 0.5], [0.5, 0.25, 0.25, 0.5]),
    ],
)
def test_every_channel_gets_its_statistics(channels, mean, std):
    found = channel_statistics(PREPARED, channels)
    assert found[0].tolist() == pytest.approx(mean)
    assert found[1].tolist() == pytest.approx(std)


def test_a_prepared_model_takes_pixels():
    model = create("resnet20", 5).eval()
    model.preparation = PREPARED
    images = torch.rand(2, 3, 16, 16)
    normal = (images - torch.tensor(PREPARED.mean).view(3, 1, 1)) / torch.tensor(PREPARED.std).view(3, 1, 1)
    torch.testing.assert_close(with_preparation(model).eval()(images), model(normal))


def test_the_input_layer_has_the_channels_of_the_model():
    model = create("resnet20", 5, 1).eval()
    model.preparation = PREPARED
    assert with_preparation(model)(torch.rand(2, 1, 16, 16)).shape == (2, 5)


def test_a_model_that_does_not_know_its_preparation_is_refused():
    assert preparation(create("resnet20")) is None
    with pytest.raises(
        InputError, match="CifarResNet does not know how its images were prepared: give it weights that do"
    ):
        with_preparation(create("resnet20"))


def test_timms_configuration_is_read_in_either_nesting():
    stated = {
        "input_size": [3, 240, 240],
        "crop_pct": 0.9,
        "interpolation": "bicubic",
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
    }
    expected = Preparation(240, 266, "bicubic", (0.5,) * 3, (0.5,) * 3)
    assert from_timm({"architecture": "vit", "pretrained_cfg": stated}) == expected
    assert from_timm(stated) == expected
    assert from_timm({}) == Preparation(resize=224)


def test_a_run_says_its_own_statistics_and_size(tmp_path):
    run = burnish.fit("digits", "lenet5", epochs=1, max_steps=1, input_size=28, out=tmp_path, quiet=True)
    found = from_run(run.path / "model.safetensors")
    assert found.crop == found.resize == 28
    assert found.mean == tuple(run.model.input.mean.tolist())
    assert found.std == tuple(run.model.input.std.tolist())


def test_other_files_say_nothing(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert from_run(tmp_path / "model.safetensors") is None
    assert from_run(tmp_path / "a.pth") is None
