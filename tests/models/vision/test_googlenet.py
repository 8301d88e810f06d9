"""Tests of burnish.models.vision.googlenet."""

import re

import pytest
import torch
from tests.oracles import assert_same, torchvision_model

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes
from burnish.models.auxiliary import AuxiliaryOutput
from burnish.models.published import IMAGENET_MEAN, IMAGENET_STD


def normalised(pixels, mean, std):
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


@pytest.mark.parametrize(("aux_heads", "parameters"), [(True, 13_004_888), (False, 6_624_904)])
def test_counts_are_the_published_ones(aux_heads, parameters):
    with torch.device("meta"):
        model = create("googlenet", 1000, aux_heads=aux_heads)
    counts = count(model, torch.zeros(1, 3, 224, 224))
    assert counts.parameters == parameters
    assert counts.macs / 1e9 == pytest.approx(1.4984, abs=5e-5)
    assert len(model.state_dict()) == (364 if aux_heads else 344)


def test_auxiliary_outputs_come_in_training_mode_alone_from_the_shallowest():
    model = create("googlenet", 5, input_size=32)
    with torch.no_grad():
        for value, name in enumerate(model.head_names):
            head = model.get_submodule(name)
            head.weight.zero_()
            head.bias.fill_(value)
    images = torch.rand(2, 3, 32, 32)
    output = model.train()(images)
    assert isinstance(output, AuxiliaryOutput)
    assert output.weight == 0.3
    assert [part.unique().item() for part in (output.logits, *output.auxiliary)] == [0, 1, 2]
    output.auxiliary[0].sum().backward()
    assert model.inception4a.branch1.conv.weight.grad is not None
    assert model.inception4b.branch1.conv.weight.grad is None, "the first auxiliary head sees too much"
    assert isinstance(model.eval()(images), torch.Tensor)


def test_without_auxiliary_heads_training_returns_logits():
    model = create("googlenet", 5, input_size=32, aux_heads=False).train()
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 5)
    assert model.present_heads() == ("fc",)


def test_a_small_image_takes_the_small_stem_and_it_says_so():
    model = create("googlenet", 10, 1, 28).eval()
    assert [level.shape[2] for level in model.features(torch.rand(1, 1, 28, 28))] == [28, 14, 7, 4]
    assert notes(model) == (
        "googlenet takes a 3x3 stem without its first pooling for 28x28 images (stem=imagenet keeps the 7x7 one)",
    )


def test_at_the_native_size_pooling_rounds_up():
    with torch.device("meta"):
        model = create("googlenet", 10)
    maps = model.eval().features(torch.empty(1, 3, 224, 224, device="meta"))
    assert [level.shape[2] for level in maps] == [112, 56, 28, 14, 7]


@pytest.mark.parametrize(("size", "stem"), [(4, "auto"), (5, "auto"), (15, "imagenet"), ((64, 16), "auto")])
def test_any_size_from_the_smallest_works(size, stem):
    height, width = (size, size) if isinstance(size, int) else size
    with torch.device("meta"):
        model = create("googlenet", 10, 3, size, stem=stem).train()
    assert model(torch.empty(2, 3, height, width, device="meta")).logits.shape == (2, 10)


@pytest.mark.parametrize(("size", "stem", "smallest"), [(3, "auto", 4), (14, "imagenet", 15)])
def test_a_smaller_image_is_refused_with_the_smallest_size(size, stem, smallest):
    with pytest.raises(InputError, match=re.escape(f"googlenet needs images of at least {smallest}x{smallest}, got")):
        create("googlenet", 10, 3, size, stem=stem)


def test_the_published_weights_were_trained_on_pixels_from_minus_one_to_one():
    (published,) = entry("googlenet").published
    assert published.file == "googlenet-1378be20.pth"
    assert published.preparation.mean == published.preparation.std == (0.5, 0.5, 0.5)


@pytest.mark.peer
@pytest.mark.parametrize("aux_heads", [True, False])
@pytest.mark.parametrize("size", [96, 224])
def test_equals_torchvision(aux_heads, size):
    torch.manual_seed(0)
    ours = create("googlenet", 7, input_size=size, aux_heads=aux_heads)
    theirs = torchvision_model("googlenet", num_classes=7, aux_logits=aux_heads, init_weights=False)
    assert_same(ours, theirs, torch.randn(2, 3, size, size))


@pytest.mark.peer
def test_the_published_preparation_equals_the_transformed_input_of_torchvision():
    torch.manual_seed(0)
    theirs = torchvision_model("googlenet", num_classes=7, init_weights=False, transform_input=True).eval()
    ours = create("googlenet", 7).eval()
    ours.load_state_dict(theirs.state_dict())
    preparation = entry("googlenet").published[0].preparation
    pixels = torch.rand(1, 3, 224, 224)
    expected = theirs(normalised(pixels, IMAGENET_MEAN, IMAGENET_STD))
    found = ours(normalised(pixels, preparation.mean, preparation.std))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
