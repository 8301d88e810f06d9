"""Tests of burnish.models.vision.convnext."""

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch.nn import functional as F

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes
from burnish.models.vision.convnext import ConvNeXtBlock, LayerNorm2d

COUNTS = {
    "convnext-atto": (3_695_520, 128, 0.5473),
    "convnext-tiny": (28_589_128, 182, 4.4555),
    "convnext-small": (50_223_688, 344, 8.6837),
    "convnext-base": (88_591_464, 344, 15.3547),
    "convnext-large": (197_767_336, 344, 34.3614),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_those_of_the_published_models(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == expected[0]
    assert len(model.state_dict()) == expected[1]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-4)


def test_small_images_get_patches_of_2_and_it_says_so():
    model = create("convnext-atto", 10, 3, 32)
    assert [level.stride for level in model.levels] == [2, 4, 8, 16]
    assert notes(model) == (
        "convnext-atto takes patches of 2 pixels for 32x32 images (stem=imagenet keeps those of 4)",
    )
    published = create("convnext-atto", 10, 3, 32, stem="imagenet")
    assert [level.stride for level in published.levels] == [4, 8, 16, 32]
    assert notes(published) == notes(create("convnext-atto")) == ()


@pytest.mark.parametrize(("side", "stem", "smallest"), [(15, "auto", 16), (31, "imagenet", 32)])
def test_a_smaller_image_is_refused_with_the_smallest_size(side, stem, smallest):
    with pytest.raises(InputError, match=f"convnext-atto needs images of at least {smallest}x{smallest}, got {side}x"):
        create("convnext-atto", 10, 3, side, stem=stem)
    model = create("convnext-atto", 10, 3, smallest, stem=stem)
    assert model(torch.rand(2, 3, smallest, smallest)).shape == (2, 10)


def block(survival=1.0, layer_scale=0.5):
    torch.manual_seed(0)
    built = ConvNeXtBlock(6, layer_scale, survival)
    for name, parameter in built.block.named_parameters():
        torch.nn.init.normal_(parameter, std=0.3) if "weight" in name else torch.nn.init.zeros_(parameter)
    return built


def test_a_fresh_block_passes_almost_only_its_input_on():
    images = torch.randn(2, 6, 9, 9)
    fresh = block(layer_scale=1e-6)
    assert 0 < (fresh(images) - images).abs().max() < 1e-5
    scales = [found.layer_scale for found in create("convnext-atto").modules() if isinstance(found, ConvNeXtBlock)]
    assert torch.cat(scales).unique().tolist() == [pytest.approx(1e-6)]


def test_a_block_adds_its_scaled_branch():
    built, images = block(), torch.randn(2, 6, 9, 9)
    branch = built.block(images)
    assert branch.abs().max() > 0.1
    torch.testing.assert_close(built(images), images + built.layer_scale * branch)


def test_a_dropped_branch_leaves_its_sample_and_a_kept_one_is_scaled_up():
    built, images = block(survival=0.5).train(), torch.randn(300, 6, 3, 3)
    change = (built(images) - images).detach()
    expected = 2 * built.layer_scale * built.block(images)
    kept = change.flatten(1).abs().amax(dim=1) > 0
    torch.testing.assert_close(change[kept], expected.detach()[kept], rtol=1e-4, atol=1e-5)
    assert kept.float().mean().item() == pytest.approx(0.5, abs=5 * 0.5 / 300**0.5)


def test_normalisation_is_that_of_each_pixel_s_channels():
    images = torch.randn(2, 6, 4, 5)
    layer = LayerNorm2d(6, eps=1e-6)
    torch.nn.init.normal_(layer.weight)
    expected = F.layer_norm(images[1, :, 2, 3], (6,), layer.weight, layer.bias, 1e-6)
    torch.testing.assert_close(layer(images)[1, :, 2, 3], expected)


@pytest.mark.parametrize(
    ("name", "chance"), [("atto", 0.0), ("tiny", 0.1), ("small", 0.4), ("base", 0.5), ("large", 0.5)]
)
def test_dropped_branches_grow_as_likely_as_published(name, chance):
    with torch.device("meta"):
        model = create(f"convnext-{name}")
    rates = [1 - found.stochastic_depth.survival for found in model.modules() if isinstance(found, ConvNeXtBlock)]
    assert rates == pytest.approx(torch.linspace(0, chance, len(rates)).tolist(), abs=1e-6)


def test_a_chance_out_of_range_is_named():
    with pytest.raises(InputError, match=r"stochastic_depth must lie in \[0, 1\), got 1.0"):
        create("convnext-atto", stochastic_depth=1.0)


def test_a_new_head_is_drawn_as_the_first_was():
    torch.manual_seed(0)
    head = create("convnext-atto", 10, 3, 32).reset_head(1000).classifier[2]
    assert head.bias.abs().max() == 0
    assert head.weight.std().item() == pytest.approx(0.02, rel=0.01)


def test_every_weight_is_drawn():
    torch.manual_seed(0)
    model = create("convnext-tiny", 10, 3, 32)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and "layer_scale" not in name:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.15), name
        elif name.endswith("bias"):
            assert parameter.abs().max() == 0


def test_maps_keep_channels_last():
    model = create("convnext-atto", 10, 3, 32).to(memory_format=torch.channels_last)
    images = torch.rand(2, 3, 32, 32).to(memory_format=torch.channels_last)
    assert all(level.is_contiguous(memory_format=torch.channels_last) for level in model.features(images))


def test_mixed_precision_keeps_what_is_carried_along_in_full():
    model = create("convnext-atto", 10, 3, 32).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        levels = model.features(torch.rand(2, 3, 32, 32))
    assert {level.dtype for level in levels} == {torch.float32}


def test_the_published_layout_is_left_alone():
    model = create("convnext-atto", 10, 3, 32)
    state = model.state_dict()
    translated = model.translate(state)
    assert list(translated) == list(state)
    assert all(torch.equal(tensor, translated[name]) for name, tensor in state.items())


@pytest.mark.peer
@pytest.mark.parametrize("size", [64, (65, 79)])
def test_torchvision_s_weights_give_torchvision_s_output(size):
    height, width = (size, size) if isinstance(size, int) else size
    peer = torchvision_model("convnext_tiny", num_classes=11, layer_scale=0.3)
    model = create("convnext-tiny", 11, 3, size, stem="imagenet")
    assert_same(model, peer, torch.randn(2, 3, height, width))


@pytest.mark.peer
@pytest.mark.parametrize("name", ["convnext_atto", "convnext_tiny"])
def test_timm_s_weights_give_timm_s_output(name):
    peer = timm_model(name, num_classes=11, ls_init_value=0.3)
    assert_same(create(name, 11, 3, 64, stem="imagenet"), peer, torch.randn(2, 3, 64, 64))


@pytest.mark.peer
@pytest.mark.parametrize("name", [name for name in COUNTS if name != "convnext-atto"])
def test_the_files_and_preparations_are_torchvision_s(name):
    torchvision_model("convnext_tiny")
    from torchvision.models import get_model_weights

    (weights,) = get_model_weights(name.replace("-", "_"))
    theirs, found = weights.transforms(), entry(name).published[0]
    assert weights.url.endswith(f"/{found.file}")
    assert ([found.preparation.crop], [found.preparation.resize]) == (theirs.crop_size, theirs.resize_size)
    assert found.preparation.interpolation == theirs.interpolation.value
