"""Tests of burnish.models.vision.swin_v2."""

import math

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model

from burnish.models import count, create, entry, notes
from burnish.models.vision.swin_v2 import (
    CosineWindowAttention,
    PatchMergingV2,
    SwinBlockV2,
    SwinTransformerV2,
    relative_coordinates,
)

COUNTS = {
    "swin-v2-t": (28_351_570, 233, 5.9397),
    "swin-v2-s": (49_737_442, 449, 11.546),
    "swin-v2-b": (87_930_848, 449, 20.325),
}


def tiny(window=4):
    torch.manual_seed(0)
    return SwinTransformerV2((2, 2), 8, 2, num_classes=5, in_channels=3, patch_size=2, window=window).eval()


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 256, 256))
    assert counts.parameters == expected[0]
    assert len(model.state_dict()) == expected[1]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-4)
    assert notes(model) == ()


def test_attention_goes_by_the_angle_alone():
    torch.manual_seed(0)
    layer, maps = CosineWindowAttention(8, heads=2, window=4, shift=0), torch.randn(1, 4, 4, 8)
    before = layer(maps)
    with torch.no_grad():
        layer.qkv.weight[:16] *= 7
    torch.testing.assert_close(layer(maps), before)


def test_similarities_are_scaled_by_at_most_100():
    torch.manual_seed(0)
    layer, maps = CosineWindowAttention(8, heads=2, window=4, shift=0), torch.randn(1, 4, 4, 8)
    torch.testing.assert_close(layer.logit_scale.exp().flatten(), torch.tensor([10.0, 10.0]))
    torch.nn.init.constant_(layer.logit_scale, math.log(100))
    before = layer(maps)
    torch.nn.init.constant_(layer.logit_scale, 9.0)
    torch.testing.assert_close(layer(maps), before)


def test_keys_have_no_bias():
    layer, maps = CosineWindowAttention(8, heads=2, window=4, shift=0), torch.randn(1, 4, 4, 8)
    before = layer(maps)
    with torch.no_grad():
        layer.qkv.bias[8:16] += 5
    assert torch.equal(layer(maps), before)
    with torch.no_grad():
        layer.qkv.bias[:8] += 5
    assert not torch.equal(layer(maps), before)


def test_biases_lie_between_0_and_16():
    layer = CosineWindowAttention(8, heads=2, window=4, shift=0)
    torch.nn.init.normal_(layer.cpb_mlp[2].weight, std=50)
    bias = layer.position_bias()
    assert bias.shape == (1, 2, 16, 16)
    assert 0 <= bias.min() < 1
    assert 15 < bias.max() <= 16


def test_offsets_grow_with_the_logarithm_and_the_largest_is_one_trained_window():
    down, right = relative_coordinates(8)[0].unbind(-1)
    assert torch.equal(down, right.T)
    torch.testing.assert_close(down[-1, 0], torch.tensor(math.log2(9) / 3))
    assert torch.equal(down, -down.flip(0))
    torch.testing.assert_close(relative_coordinates(4, trained=8)[0], relative_coordinates(8)[0, 4:11, 4:11])


def test_a_block_normalises_last():
    block, maps = SwinBlockV2(CosineWindowAttention(8, 2, 4, 0), 8, survival=1.0), torch.randn(1, 4, 4, 8)
    for norm in (block.norm1, block.norm2):
        torch.nn.init.zeros_(norm.weight)
    assert torch.equal(block(maps), maps)


def test_merging_normalises_last():
    merged = PatchMergingV2(4)(torch.randn(1, 4, 4, 4))
    torch.testing.assert_close(merged.mean(-1), torch.zeros(1, 2, 2), atol=1e-5, rtol=0)


def test_another_window_keeps_the_scale_of_the_old_one():
    wide, narrow = tiny(window=8), tiny(window=4)
    narrow.load_state_dict(narrow.fit_state(wide.state_dict()))
    old, new = (
        model.features[1][0].attn.position_bias().view(2, *[side] * 4) for model, side in ((wide, 8), (narrow, 4))
    )
    torch.testing.assert_close(new, old[:, 2:6, 2:6, 2:6, 2:6])
    assert not torch.equal(
        tiny(window=4).features[1][0].attn.relative_coords_table, narrow.features[1][0].attn.relative_coords_table
    )


def test_small_images_get_small_patches_and_windows_and_it_says_so():
    assert notes(create("swin-v2-t", 10, 1, 64)) == (
        "swin-v2-t takes patches of 2 pixels and windows of 4 patches for 64x64 images "
        "(stem=imagenet keeps the published ones)",
    )


def test_the_published_layout_is_left_alone():
    model = tiny()
    state = model.state_dict()
    assert list(model.translate(state)) == list(state)
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.fit_state(state).items())


@pytest.mark.peer
@pytest.mark.parametrize("size", [96, (65, 79)])
def test_torchvision_s_weights_give_torchvision_s_output(size):
    height, width = (size, size) if isinstance(size, int) else size
    peer = torchvision_model("swin_v2_t", num_classes=11)
    assert_same(create("swin-v2-t", 11, 3, size, stem="imagenet"), peer, torch.randn(2, 3, height, width))


@pytest.mark.peer
def test_timm_s_weights_give_timm_s_output():
    peer = timm_model("swinv2_tiny_window8_256", num_classes=11)
    assert_same(create("swin-v2-t", 11), peer, torch.randn(2, 3, 256, 256))


@pytest.mark.peer
@pytest.mark.parametrize("name", COUNTS)
def test_the_files_and_preparations_are_torchvision_s(name):
    torchvision_model("swin_v2_t")
    from torchvision.models import get_model_weights

    (weights,) = get_model_weights(name.replace("-", "_"))
    theirs, found = weights.transforms(), entry(name).published[0]
    assert weights.url.endswith(f"/{found.file}")
    assert ([found.preparation.crop], [found.preparation.resize]) == (theirs.crop_size, theirs.resize_size)
    assert found.preparation.interpolation == theirs.interpolation.value
