"""Tests of burnish.models.vision.vit."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes

COUNTS = {
    "vit-tiny": (5_717_416, 152, 1.2537),
    "vit-small": (22_050_664, 152, 4.5989),
    "vit-b-16": (86_567_656, 152, 17.5638),
    "vit-b-32": (88_224_232, 152, 4.4092),
    "vit-l-16": (304_326_632, 296, 61.5547),
    "vit-l-32": (306_535_400, 296, 15.378),
    "vit-h-14": (632_045_800, 392, 167.295),
}


def tiny(size=64, **options):
    """A small model with a head that is not zero, so that its answers depend on the image."""
    torch.manual_seed(0)
    model = create("vit-tiny", 10, 3, size, **options).eval()
    torch.nn.init.normal_(model.heads.head.weight)
    return model


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert len(model.state_dict()) == expected[1]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-4)


def test_small_images_get_patches_of_4_and_it_says_so():
    model = create("vit-tiny", 10, 1, 32)
    assert model.grid == (8, 8)
    assert notes(model) == (
        "vit-tiny takes patches of 4 pixels for 32x32 images (patch_size=16 keeps the published ones)",
    )
    published = create("vit-tiny", 10, 1, 32, patch_size=16)
    assert published.grid == (2, 2)
    assert notes(published) == ()
    assert create("vit-tiny", 10, 1, 65).conv_proj.kernel_size == (16, 16)


def test_sides_that_the_patch_does_not_divide_are_padded_with_zeros_and_it_says_so():
    model = tiny((30, 41), patch_size=8)
    assert notes(model) == ("vit-tiny pads 30x41 images with zeros to 32x48",)
    images = torch.randn(2, 3, 30, 41)
    padded = torch.zeros(2, 3, 32, 48)
    padded[:, :, :30, :41] = images
    full = tiny((32, 48), patch_size=8)
    full.load_state_dict(model.state_dict())
    assert torch.equal(model(images), full(padded))


def test_images_of_another_size_are_refused_and_the_way_out_is_named():
    message = "this vit-tiny was built for images of 64x64, got 32x48: resize the images, or build it with "
    with pytest.raises(InputError, match=re.escape(message + "create('vit-tiny', ..., input_size=(32, 48))")):
        tiny()(torch.zeros(1, 3, 32, 48))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("patch_size", 0, "patch_size must be at least 1, got 0"),
        ("dropout", 1.0, "dropout must lie in [0, 1), got 1.0"),
        ("stochastic_depth", -0.5, "stochastic_depth must lie in [0, 1), got -0.5"),
    ],
)
def test_options_out_of_range_are_named(option, value, message):
    with pytest.raises(InputError, match=re.escape(message)):
        create("vit-tiny", 10, 3, 32, **{option: value})


def test_a_fresh_head_is_zero_and_so_is_a_reset_one():
    model = create("vit-tiny", 10, 3, 32)
    assert model.heads.head.weight.abs().max() == 0
    assert tiny().reset_head(7).heads.head.weight.abs().max() == 0


def test_attention_maps_are_those_that_made_the_output():
    model, images = tiny(32, dropout=0.5), torch.randn(2, 3, 32, 32)
    maps = model.attention_maps(images)
    assert [tuple(weights.shape) for weights in maps] == [(2, 3, 65, 65)] * 12
    torch.testing.assert_close(maps[5].sum(-1), torch.ones(2, 3, 65))
    tokens = model._tokens(images) + model.encoder.pos_embedding
    for block, weights in zip(model.encoder.layers, maps, strict=True):
        output, again = block.with_weights(tokens)
        tokens = block(tokens)
        torch.testing.assert_close(output, tokens)
        torch.testing.assert_close(again, weights)
    torch.testing.assert_close(model.heads(model.encoder.ln(tokens)[:, 0]), model(images))


def test_features_are_the_patches_in_their_places():
    model, images = tiny((32, 48), patch_size=16), torch.randn(1, 3, 32, 48)
    (level,) = model.features(images)
    tokens = model.encoder(model._tokens(images))
    assert torch.equal(level[0, :, 1, 2], tokens[0, 1 + 1 * 3 + 2])


def test_positions_of_another_size_are_resized_and_the_class_token_keeps_its_own():
    small, large = tiny(32, patch_size=16), tiny(64, patch_size=16)
    before = small.state_dict()
    fitted = large.fit_state(before)
    large.load_state_dict(fitted)
    name = "encoder.pos_embedding"
    assert torch.equal(fitted[name][:, 0], before[name][:, 0])
    torch.testing.assert_close(fitted[name][:, 1:].mean(), before[name][:, 1:].mean(), atol=5e-3, rtol=0)
    assert before[name].shape[1] == 5  # what came in is left alone
    assert torch.equal(small.fit_state(before)[name], before[name])


def test_positions_that_form_no_square_are_refused():
    state = tiny((32, 48), patch_size=16).state_dict()
    with pytest.raises(InputError, match="are 6 patches, which form no square"):
        tiny(64, patch_size=16).fit_state(state)


def test_every_block_is_a_stage_of_its_own():
    stages = create("vit-tiny", 10, 3, 32).stages()
    assert list(stages) == ["stem", *(f"block{number}" for number in range(1, 13)), "head"]
    assert stages["block12"] == ("encoder.layers.encoder_layer_11", "encoder.ln")


def test_dropped_branches_grow_more_likely_with_depth():
    model = create("vit-tiny", 10, 3, 32, stochastic_depth=0.22)
    rates = [1 - block.stochastic_depth.survival for block in model.encoder.layers]
    assert rates == pytest.approx([0.02 * number for number in range(12)])


def test_the_old_names_in_torchvision_s_files_are_known():
    model = tiny()
    old = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): tensor
        for name, tensor in model.state_dict().items()
    }
    assert len(set(old) - set(model.state_dict())) == 48
    assert list(model.translate(old)) == list(model.state_dict())
    assert list(model.translate(model.state_dict())) == list(model.state_dict())


def test_the_exported_program_agrees():
    model, images = tiny((40, 33)), torch.randn(2, 3, 40, 33)
    torch.testing.assert_close(torch.export.export(model, (images,)).module()(images), model(images))


def test_published_sizes_travel_with_the_weights():
    crops = {found.source: found.preparation.crop for found in entry("vit-h-14").published}
    assert crops == {"torchvision:vit_h_14.swag_linear": 224, "torchvision:vit_h_14.swag_e2e": 518}


@pytest.mark.peer
@pytest.mark.parametrize(("ours", "theirs"), [("vit-b-16", "vit_b_16"), ("vit-b-32", "vit_b_32")])
def test_torchvision_s_weights_give_torchvision_s_output(ours, theirs):
    peer = torchvision_model(theirs, image_size=64, num_classes=11)
    torch.nn.init.normal_(peer.heads.head.weight, std=0.05)
    assert_same(create(ours, 11, 3, 64, patch_size=int(ours[-2:])), peer, torch.randn(2, 3, 64, 64))


@pytest.mark.peer
@pytest.mark.parametrize("size", ["tiny", "small"])
def test_timm_s_weights_give_timm_s_output(size):
    peer = timm_model(f"vit_{size}_patch16_224", img_size=64, num_classes=11)
    torch.nn.init.normal_(peer.head.weight, std=0.05)
    assert_same(create(f"vit-{size}", 11, 3, 64, patch_size=16), peer, torch.randn(2, 3, 64, 64))


@pytest.mark.peer
def test_positions_are_resized_as_timm_does():
    timm_model("vit_tiny_patch16_224")
    from timm.layers import resample_abs_pos_embed

    from burnish.models.vision.positions import resized_positions

    positions = torch.randn(1, 1 + 14 * 14, 8)
    expected = resample_abs_pos_embed(positions, new_size=[8, 10], num_prefix_tokens=1)
    torch.testing.assert_close(resized_positions(positions, (14, 14), (8, 10)), expected)


@pytest.mark.peer
@pytest.mark.parametrize("name", [name for name in COUNTS if name not in ("vit-tiny", "vit-small")])
def test_the_files_and_preparations_are_torchvision_s(name):
    torchvision_model("vit_b_32", image_size=32)
    from torchvision.models import get_model_weights

    theirs = {
        weights.url.rsplit("/", 1)[1]: weights.transforms() for weights in get_model_weights(name.replace("-", "_"))
    }
    ours = {found.file: found.preparation for found in entry(name).published if found.file}
    assert set(ours) == set(theirs)
    for file, preparation in ours.items():
        assert [preparation.crop] == theirs[file].crop_size
        assert [preparation.resize] == theirs[file].resize_size
        assert preparation.interpolation == theirs[file].interpolation.value
        assert list(preparation.mean) == theirs[file].mean
