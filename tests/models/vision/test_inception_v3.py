"""Tests of burnish.models.vision.inception_v3."""

import re

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes
from burnish.models.auxiliary import AuxiliaryOutput


@pytest.mark.parametrize(("aux_heads", "parameters", "keys"), [(True, 27_161_264, 580), (False, 23_834_568, 566)])
def test_counts_are_the_published_ones(aux_heads, parameters, keys):
    with torch.device("meta"):
        model = create("inception_v3", 1000, aux_heads=aux_heads)
        counts = count(model, torch.zeros(1, 3, 299, 299))
    assert counts.parameters == parameters
    assert len(model.state_dict()) == keys
    assert counts.macs / 1e9 == pytest.approx(5.7132, abs=5e-5)


def test_maps_have_the_published_sizes():
    with torch.device("meta"):
        shapes = [tuple(level.shape[1:]) for level in create("inception_v3").features(torch.zeros(1, 3, 299, 299))]
    assert shapes == [(64, 147, 147), (192, 71, 71), (288, 35, 35), (768, 17, 17), (2048, 8, 8)]


def test_the_auxiliary_head_speaks_only_while_training():
    model = create("inception_v3", 7, input_size=28)
    images = torch.rand(2, 3, 28, 28)
    output = model.train()(images)
    assert isinstance(output, AuxiliaryOutput)
    assert output.weight == 0.4
    assert [logits.shape for logits in (output.logits, *output.auxiliary)] == [(2, 7), (2, 7)]
    assert model.eval()(images).shape == (2, 7)
    assert create("inception_v3", 7, input_size=28, aux_heads=False).train()(images).shape == (2, 7)


def test_the_auxiliary_loss_reaches_the_maps_between_the_reductions_and_no_deeper():
    model = create("inception_v3", 7, input_size=28)
    model(torch.rand(2, 3, 28, 28)).auxiliary[0].sum().backward()
    assert model.Mixed_6e.branch1x1.conv.weight.grad is not None
    assert model.Mixed_7a.branch3x3_1.conv.weight.grad is None


def test_outputs_before_fitting_are_of_the_order_of_one():
    torch.manual_seed(0)
    model = create("inception_v3", 1000, input_size=32).eval()
    with torch.no_grad():
        assert model(torch.rand(2, 3, 32, 32)).abs().max() < 10
    assert {module.eps for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)} == {1e-3}


@pytest.mark.parametrize(
    ("stem", "smallest", "channels"),
    [("imagenet", 75, [64, 192, 288, 768, 2048]), ("small", 13, [192, 288, 768, 2048])],
)
def test_the_smallest_image_leaves_one_pixel_and_a_smaller_one_is_refused(stem, smallest, channels):
    model = create("inception_v3", 7, input_size=smallest, stem=stem).eval()
    maps = model.features(torch.rand(1, 3, smallest, smallest))
    assert [level.shape[1] for level in maps] == channels
    assert maps[-1].shape == (1, 2048, 1, 1)
    expected = f"inception-v3 needs images of at least {smallest}x{smallest}, got {smallest - 1}x{smallest}"
    with pytest.raises(InputError, match=re.escape(expected)):
        create("inception_v3", 7, input_size=(smallest - 1, smallest), stem=stem)


def test_small_images_take_another_stem_and_it_says_so():
    model = create("inception_v3", 7, input_size=32)
    assert notes(model) == (
        "inception-v3 takes a stem of stride 2 for 32x32 images "
        "(stem=imagenet keeps the published one of stride 8, for 75x75 and more)",
        "the auxiliary head of inception-v3 averages its maps to 5x5 for 32x32 images",
    )
    assert [level.stride for level in model.levels] == [1, 2, 4, 8]
    assert len(notes(create("inception_v3", 7, input_size=32, aux_heads=False))) == 1
    with torch.device("meta"):
        assert notes(create("inception_v3", 7, input_size=299)) == ()
        assert len(notes(create("inception_v3", 7, input_size=298))) == 1


def test_weights_of_the_published_size_fit_the_small_stem():
    with torch.device("meta"):
        assert {name: tensor.shape for name, tensor in create("inception_v3").state_dict().items()} == {
            name: tensor.shape for name, tensor in create("inception_v3", input_size=32).state_dict().items()
        }


def test_published_weights_say_how_their_images_were_prepared():
    first = entry("inception_v3").published[0]
    assert first.file == "inception_v3_google-0cc3c7bd.pth"
    assert (first.preparation.crop, first.preparation.resize) == (299, 342)
    assert first.preparation.mean == first.preparation.std == (0.5, 0.5, 0.5)


@pytest.mark.peer
def test_torchvision_agrees():
    theirs = torchvision_model("inception_v3", init_weights=True)
    assert_same(create("inception_v3", 1000), theirs, torch.rand(2, 3, 299, 299))


@pytest.mark.peer
def test_torchvision_without_the_auxiliary_head_agrees_on_other_sizes():
    theirs = torchvision_model("inception_v3", init_weights=True, aux_logits=False)
    ours = create("inception_v3", 1000, input_size=(107, 139), aux_heads=False)
    assert_same(ours, theirs, torch.rand(2, 3, 107, 139))


@pytest.mark.peer
def test_timm_agrees():
    theirs = timm_model("inception_v3", aux_logits=False)
    assert_same(create("inception_v3", 1000, input_size=107, aux_heads=False), theirs, torch.rand(2, 3, 107, 107))
