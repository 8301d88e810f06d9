"""Tests of burnish.models.vision.resnet."""

import pytest
import torch
from tests.oracles import assert_same, timm_model, torchvision_model
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create, entry, notes
from burnish.models.vision.residual_blocks import BasicBlock, Bottleneck, conv3x3
from burnish.models.vision.resnet import ResNet

COUNTS = {
    "resnet18": (11_689_512, 122, 1.8141),
    "resnet34": (21_797_672, 218, 3.6638),
    "resnet50": (25_557_032, 320, 4.0892),
    "resnet101": (44_549_160, 626, 7.8014),
    "resnet152": (60_192_808, 932, 11.5136),
    "wide-resnet50-2": (68_883_240, 320, 11.3980),
    "wide-resnet101-2": (126_886_696, 626, 22.7531),
    "resnext50-32x4d": (25_028_904, 320, 4.2305),
    "resnext101-32x8d": (88_791_336, 626, 16.4140),
    "resnext101-64x4d": (83_455_272, 626, 15.4603),
}


@pytest.mark.parametrize(("name", "expected"), COUNTS.items())
def test_counts_are_the_published_ones(name, expected):
    with torch.device("meta"):
        model = create(name, 1000)
        counts = count(model, torch.zeros(1, 3, 224, 224))
    assert (counts.parameters, len(model.state_dict())) == expected[:2]
    assert counts.macs / 1e9 == pytest.approx(expected[2], abs=5e-5)


def test_weights_have_the_published_layout():
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    block = [f"{kind}{number}" for number in (1, 2, 3) for kind in ("conv", "bn")]
    keys = {f"layer2.0.{name}.{key}" for name in block for key in (norm if name.startswith("bn") else ["weight"])}
    keys |= {"layer2.0.downsample.0.weight", *(f"layer2.0.downsample.1.{key}" for key in norm)}
    with torch.device("meta"):
        found = create("resnet50").state_dict()
    assert {key for key in found if key.startswith("layer2.0.")} == keys
    assert list(found)[:6] == ["conv1.weight", *(f"bn1.{key}" for key in norm)]
    assert list(found)[-2:] == ["fc.weight", "fc.bias"]


def test_the_stride_of_a_bottleneck_is_that_of_its_3x3_convolution():
    first = create("resnet50", 2).layer2[0]
    assert (first.conv1.stride, first.conv2.stride, first.conv3.stride) == ((1, 1), (2, 2), (1, 1))


@pytest.mark.parametrize(
    ("size", "stem", "sides", "strides"),
    [
        (32, "auto", [32, 16, 8, 4], [1, 2, 4, 8]),
        (64, "auto", [64, 32, 16, 8], [1, 2, 4, 8]),
        (65, "auto", [33, 17, 9, 5, 3], [2, 4, 8, 16, 32]),
        (32, "imagenet", [16, 8, 4, 2, 1], [2, 4, 8, 16, 32]),
        (96, "small", [96, 48, 24, 12], [1, 2, 4, 8]),
    ],
)
def test_small_images_keep_their_resolution_in_the_stem(size, stem, sides, strides):
    with torch.device("meta"):
        model = create("resnet18", 10, 3, size, stem=stem)
        maps = model.features(torch.zeros(2, 3, size, size))
    assert [level.shape[-1] for level in maps] == sides
    assert [level.stride for level in model.levels] == strides


def test_the_small_stem_is_stated():
    said = "takes a 3x3 stem without pooling for 28x28 images (stem=imagenet keeps the 7x7 one)"
    assert notes(create("wide_resnet50_2", input_size=28)) == (f"wide_resnet50_2 {said}",)
    assert notes(create("resnet18", input_size=28, stem="imagenet")) == notes(create("resnet18")) == ()


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (33, 70)])
@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_any_size_works(size, stem):
    model = ResNet(BasicBlock, (1, 1, 1, 1), 5, 3, small_stem=stem == "small").eval()
    assert model(torch.rand(2, 3, *size)).shape == (2, 5)


def test_blocks_can_start_by_passing_their_input_on():
    model = create("resnet18", input_size=32, zero_init_residual=True)
    assert model.layer3[1].bn2.weight.abs().sum() == 0
    assert model.layer3[1].bn1.weight.min() == 1
    assert create("resnet18", input_size=32).layer3[1].bn2.weight.min() == 1
    with torch.device("cpu"):
        deep = ResNet(Bottleneck, (1, 1, 1, 1), 5, 3, zero_init_residual=True)
    assert deep.layer1[0].bn3.weight.abs().sum() == 0


def test_stochastic_depth_grows_linearly_and_rests_in_evaluation():
    model = create("resnet18", input_size=32, stochastic_depth=0.4)
    survivals = [block.drop.survival for name in ("layer1", "layer4") for block in model.get_submodule(name)]
    assert survivals == pytest.approx([0.95, 0.9, 0.65, 0.6])
    plain = create("resnet18", input_size=32)
    plain.load_state_dict(model.state_dict())
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(plain.eval()(images), model.eval()(images))


def test_a_death_rate_of_one_is_refused():
    with pytest.raises(InputError, match=r"stochastic_depth must lie in \[0, 1\), got 1.0"):
        create("resnet18", stochastic_depth=1.0)


def test_each_stage_can_have_its_own_3x3_convolution():
    def padded_alike(in_channels, out_channels, stride, groups, dilation):
        return nn.Conv2d(in_channels, out_channels, 3, stride, dilation, dilation, groups, padding_mode="replicate")

    model = ResNet(Bottleneck, (1, 1, 1, 1), 5, 3, convs=(conv3x3, conv3x3, conv3x3, padded_alike))
    assert model.layer4[0].conv2.padding_mode == "replicate"
    assert model.layer3[0].conv2.padding_mode == "zeros"


def test_it_keeps_channels_last():
    model = ResNet(Bottleneck, (1, 1, 1, 1), 5, 3).to(memory_format=torch.channels_last)
    maps = model.features(torch.rand(2, 3, 64, 64).to(memory_format=torch.channels_last))
    assert all(level.is_contiguous(memory_format=torch.channels_last) for level in maps)


def test_published_weights_name_their_files_and_preparation():
    published = {weights.source: weights for weights in entry("resnet50").published}
    assert published["torchvision:resnet50"].file == "resnet50-0676ba61.pth"
    assert published["torchvision:resnet50"].preparation.resize == 256
    assert published["torchvision:resnet50.v2"].file == "resnet50-11ad3fa6.pth"
    assert published["torchvision:resnet50.v2"].preparation.resize == 232
    only = entry("resnext101-64x4d").published[0]
    assert (only.source, only.preparation.resize) == ("torchvision:resnext101_64x4d", 232)


@pytest.mark.peer
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "wide_resnet50_2", "resnext50_32x4d"])
def test_outputs_are_those_of_torchvision(name):
    assert_same(create(name, 1000), torchvision_model(name), torch.rand(2, 3, 96, 96))


@pytest.mark.peer
@pytest.mark.parametrize("name", ["resnet34", "resnext50_32x4d"])
def test_outputs_are_those_of_timm(name):
    assert_same(create(name, 1000), timm_model(name), torch.rand(2, 3, 96, 96))


@pytest.mark.peer
@pytest.mark.parametrize("name", COUNTS)
def test_names_and_shapes_are_those_of_torchvision(name):
    with torch.device("meta"):
        ours, theirs = create(name, 1000).state_dict(), torchvision_model(name.replace("-", "_")).state_dict()
    assert {key: tensor.shape for key, tensor in ours.items()} == {key: tensor.shape for key, tensor in theirs.items()}


@pytest.mark.peer
@pytest.mark.parametrize("name", COUNTS)
def test_published_files_are_those_of_torchvision(name):
    torchvision_model("resnet18")
    from torchvision.models import get_model_weights

    theirs = {
        (weights.url.rsplit("/", 1)[1], weights.transforms().resize_size[0], weights.transforms().crop_size[0])
        for weights in get_model_weights(name.replace("-", "_"))
    }
    ours = {(w.file, w.preparation.resize, w.preparation.crop) for w in entry(name).published if w.file}
    assert ours == theirs
