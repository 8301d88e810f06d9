"""Tests of burnish.models.vision.swin."""

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes
from burnish.models.vision.swin import SwinPyramid, SwinTransformer
from burnish.models.vision.swin_blocks import SwinBlock

COUNTS = {
    "swin-t": (28_288_354, 185, 4.4906),
    "swin-s": (49_606_258, 353, 8.7409),
    "swin-b": (87_768_224, 353, 15.4309),
}


def tiny(window=4):
    torch.manual_seed(0)
    return SwinTransformer((2, 2), 8, 2, num_classes=5, in_channels=3, patch_size=2, window=window).eval()


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert len(model.state_dict()) == expected[1]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-4)


def test_small_images_get_small_patches_and_windows_and_it_says_so():
    with torch.device("meta"):
        model = create("swin-t", 10, 3, 64)
        published = create("swin-t", 10, 3, 64, stem="imagenet")
        native = create("swin-t")
    assert [level.stride for level in model.levels] == [2, 4, 8, 16]
    assert notes(model) == (
        "swin-t takes patches of 2 pixels and windows of 4 patches for 64x64 images "
        "(stem=imagenet keeps the published ones)",
    )
    assert [level.stride for level in published.levels] == [4, 8, 16, 32]
    assert notes(published) == ("swin-t pads its maps of 64x64 images with zeros to whole windows of 7",)
    assert notes(native) == ()


def test_every_second_block_shifts_by_half_a_window():
    with torch.device("meta"):
        model = create("swin-t")
    shifts = [block.attn.shift for block in model.modules() if isinstance(block, SwinBlock)]
    assert shifts == [0, 3] * 6


def test_an_image_smaller_than_a_patch_is_refused():
    with pytest.raises(InputError, match="swin-t needs images of at least 4x4, got 3x64"):
        create("swin-t", 10, 3, (3, 64), stem="imagenet")


def test_a_chance_out_of_range_is_named():
    with pytest.raises(InputError, match=r"stochastic_depth must lie in \[0, 1\), got 1.0"):
        create("swin-t", stochastic_depth=1.0)


@pytest.mark.parametrize(("name", "chance"), [("swin-t", 0.2), ("swin-s", 0.3), ("swin-b", 0.5)])
def test_dropped_branches_grow_as_likely_as_published(name, chance):
    with torch.device("meta"):
        model = create(name)
    rates = [1 - block.stochastic_depth.survival for block in model.modules() if isinstance(block, SwinBlock)]
    assert rates == pytest.approx(torch.linspace(0, chance, len(rates)).tolist(), abs=1e-6)


def test_every_weight_is_drawn():
    for name, parameter in tiny().named_parameters():
        if (name.endswith("weight") and parameter.ndim == 2) or name.endswith("table"):
            assert parameter.std().item() == pytest.approx(0.02, rel=0.3), name


def test_a_pyramid_hands_out_channels_first():
    body = SwinPyramid([nn.Identity(), nn.Identity()], taps=(1,))
    maps = torch.randn(2, 4, 5, 3)
    assert torch.equal(body(maps)[0][1, :, 2, 3], maps[1, 2, 3])


def test_any_size_goes_through_the_same_model():
    model = tiny()
    for size in [(2, 2), (7, 31), (32, 32)]:
        assert model(torch.randn(2, 3, *size)).shape == (2, 5)


def test_biases_of_another_window_are_resized():
    wide, narrow = tiny(window=7), tiny(window=4)
    fitted = narrow.fit_state(wide.state_dict())
    narrow.load_state_dict(fitted)
    table = "features.1.0.attn.relative_position_bias_table"
    assert fitted[table].shape == (49, 2)
    assert fitted[table].flatten()[48] == pytest.approx(
        wide.state_dict()[table].view(13, 13, 2)[6, 6, 0].item(), abs=0.02
    )
    same = wide.fit_state(wide.state_dict())
    assert all(torch.equal(tensor, same[name]) for name, tensor in wide.state_dict().items())


def test_the_authors_layout_counts_a_merging_to_the_stage_before_it():
    model = create("swin-t", 10, 3, 32)
    state = {
        "layers.0.downsample.reduction.weight": torch.zeros(192, 384),
        "layers.1.blocks.0.attn.qkv.weight": torch.zeros(576, 192),
        "layers.0.blocks.1.attn_mask": torch.zeros(64, 49, 49),
        "layers.0.blocks.0.attn.relative_position_index": torch.zeros(49, 49),
    }
    translated = model.translate(state)
    assert "features.2.reduction.weight" in translated
    assert "features.3.0.attn.qkv.weight" in translated
    assert not [name for name in translated if name not in model.state_dict()]
    assert translated["features.1.0.attn.relative_position_index"].shape == (256,)


def test_the_published_layout_is_left_alone():
    model = tiny()
    state = model.state_dict()
    translated = model.translate(state)
    assert list(translated) == list(state)
    assert all(tensor is translated[name] for name, tensor in state.items())


@pytest.mark.peer
@pytest.mark.parametrize("size", [112, (65, 79)])
def test_torchvision_s_weights_give_torchvision_s_output(size):
    height, width = (size, size) if isinstance(size, int) else size
    peer = torchvision_model("swin_t", num_classes=11)
    assert_same(create("swin-t", 11, 3, size, stem="imagenet"), peer, torch.randn(2, 3, height, width))


@pytest.mark.peer
def test_timm_s_weights_give_timm_s_output():
    peer = timm_model("swin_tiny_patch4_window7_224", num_classes=11)
    assert_same(create("swin-t", 11), peer, torch.randn(2, 3, 224, 224))


@pytest.mark.peer
@pytest.mark.parametrize("name", COUNTS)
def test_the_files_and_preparations_are_torchvision_s(name):
    torchvision_model("swin_t")
    from torchvision.models import get_model_weights

    (weights,) = get_model_weights(name.replace("-", "_"))
    theirs, found = weights.transforms(), entry(name).published[0]
    assert weights.url.endswith(f"/{found.file}")
    assert ([found.preparation.crop], [found.preparation.resize]) == (theirs.crop_size, theirs.resize_size)
    assert found.preparation.interpolation == theirs.interpolation.value
