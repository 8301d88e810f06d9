"""Tests of burnish.models.weights.fitting."""

import pytest
import torch
from torch import nn

from burnish.models import create
from burnish.models.weights.fitting import fit, heads


def state_of(name, *arguments, **options):
    return create(name, *arguments, **options).state_dict()


def on_meta(name, *arguments, **options):
    with torch.device("meta"):
        return create(name, *arguments, **options)


def test_its_own_weights_fit_a_model_whole():
    found = fit(on_meta("resnet20", 5), state_of("resnet20", 5))
    assert (found.share, found.body) == (1, 1)
    assert (found.missing, found.unexpected, found.mismatched, found.adapted) == ((), (), (), ())
    assert set(found.taken) == set(found.state)


def test_other_classes_touch_the_head_alone():
    found = fit(on_meta("resnet20", 5), state_of("resnet20", 7))
    assert found.body == 1
    assert {difference.name for difference in found.mismatched} == {"linear.weight", "linear.bias"}
    assert found.share < 1
    assert found.state["linear.weight"].shape == (7, 64)


def test_other_channels_are_adapted_and_said():
    found = fit(on_meta("resnet20", 5, 1), state_of("resnet20", 5))
    assert found.body == 1
    (adapted,) = found.adapted
    assert (adapted.name, adapted.there, adapted.here) == ("conv1.weight", (16, 3, 3, 3), (16, 1, 3, 3))
    assert found.taken["conv1.weight"].shape == (16, 1, 3, 3)


@pytest.mark.parametrize(
    ("model", "file"), [("resnet20", "resnet32"), ("resnet32", "resnet20"), ("resnet18", "resnet34")]
)
def test_a_deeper_or_shallower_relative_does_not_fit(model, file):
    assert fit(on_meta(model, 5), state_of(file, 5)).body < 0.9


def test_another_layout_is_translated_first(monkeypatch):
    model = create("resnet20", 5)
    state = model.state_dict()
    monkeypatch.setattr(type(model), "renames", ((r"stem\.(\w+)", r"conv1.\1"),))
    renamed = {
        name.replace("conv1.weight", "stem.weight") if name == "conv1.weight" else name: t for name, t in state.items()
    }
    assert "stem.weight" in renamed
    assert fit(model, renamed).share == 1


def test_a_translation_that_fails_on_foreign_names_is_no_crash(monkeypatch):
    model = create("resnet20", 5)
    monkeypatch.setattr(type(model), "translate", lambda self, state: {"a": state["nowhere"]})
    assert fit(model, {"b.c": torch.zeros(3)}).body == 0


def test_a_family_may_fit_what_depends_on_the_size_of_the_image():
    found = fit(
        on_meta("vit_tiny", 5, input_size=64, patch_size=16), state_of("vit_tiny", 5, input_size=32, patch_size=16)
    )
    assert found.body == 1
    assert [difference.name for difference in found.adapted] == ["encoder.pos_embedding"]


def test_counters_and_tables_of_indices_are_no_weights():
    state = {name: tensor for name, tensor in state_of("resnet20", 5).items() if "num_batches_tracked" not in name}
    found = fit(on_meta("resnet20", 5), state | {"relative_position_index": torch.arange(4)})
    assert found.share == 1
    assert (found.missing, found.unexpected) == ((), ())


def test_auxiliary_classifiers_may_be_on_either_side_alone():
    assert fit(on_meta("inception_v3", 5, aux_heads=False), state_of("inception_v3", 5)).body == 1
    found = fit(on_meta("inception_v3", 5), state_of("inception_v3", 5, aux_heads=False))
    assert found.body == 1
    assert all(name.startswith("AuxLogits") for name in found.missing)


def test_the_head_of_any_module_is_its_last_linear_layer():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    assert heads(module) == ("2",)
    assert heads(nn.Conv2d(1, 1, 1)) == ()
    found = fit(module, nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 9)).state_dict())
    assert found.body == 1
    assert set(found.taken) == {"0.weight", "0.bias"}


def test_a_model_that_is_all_head_is_judged_by_its_head():
    assert fit(nn.Linear(3, 2), nn.Linear(3, 2).state_dict()).body == 1
    assert fit(nn.Linear(3, 2), nn.Linear(4, 2).state_dict()).body < 0.9
    assert fit(nn.Flatten(), {"a": torch.zeros(1)}).body == 0
