"""Tests of burnish.models.weights.source."""

from pathlib import Path

import pytest

from burnish.common.errors import InputError
from burnish.models import entry
from burnish.models.weights.source import Source, model_of, parse, published


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("torchvision:resnet50.v2", Source("torchvision", "resnet50.v2")),
        ("timm:resnet50.a1_in1k", Source("timm", "resnet50.a1_in1k")),
        ("nets/best.pth", Source("file", "nets/best.pth")),
        ("odd:name.pth", Source("file", "odd:name.pth")),
        (Path("model.safetensors"), Source("file", "model.safetensors")),
        ("runs/0001-fit", Source("file", "runs/0001-fit")),
    ],
)
def test_a_publisher_or_a_file_is_read(text, expected):
    assert parse(text) == expected
    assert str(parse(text)) == str(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "torchvison:resnet18",
            r"unknown weights 'torchvison:resnet18' \(did you mean 'torchvision'\?\): expected tor",
        ),
        ("torchvision:", "unknown weights 'torchvision:'"),
        ("", r"weights are named by an empty text: expected torchvision:NAME, timm:NAME\.TAG, or a \.pth"),
        ("timm:somewhat", r"'timm:somewhat' lacks the tag .*, such as timm:somewhat\.a1_in1k"),
    ],
)
def test_what_names_no_weights_is_one_clear_line(text, message):
    with pytest.raises(InputError, match=message):
        parse(text)


def test_a_missing_tag_is_answered_with_the_known_ones(tiny):
    with pytest.raises(
        InputError, match=r"lacks the tag that says which training it comes from: known are timm:tiny\.a1"
    ):
        parse("timm:tiny")


def test_published_weights_are_found_by_their_own_model_in_either_spelling(tiny):
    assert published(parse("torchvision:Tiny"), entry("tiny")).file == tiny.path.name
    assert published(parse("torchvision:tiny")).file == tiny.path.name
    assert published(parse(f"somewhere/{tiny.path.name}")).file == tiny.path.name
    assert published(parse("best.pth")) is None
    assert model_of(parse("torchvision:tiny")) == "tiny"


def test_a_tag_of_timm_that_nobody_lists_may_exist_all_the_same(tiny):
    assert published(parse("timm:else.b2"), entry("tiny")) is None


@pytest.mark.parametrize(
    ("text", "model", "message"),
    [
        (
            "torchvision:tiny",
            "resnet20",
            "torchvision:tiny are weights of tiny, not of resnet20: none are known for it",
        ),
        (
            "torchvision:no",
            "tiny",
            "unknown weights 'torchvision:no': known for tiny are torchvision:tiny, timm:tiny.a1",
        ),
        ("torchvision:no", "resnet20", "unknown weights 'torchvision:no': none are known for resnet20; expected"),
        (
            "torchvision:tinny",
            None,
            r"unknown weights 'torchvision:tinny' \(did you mean 'torchvision:tiny'\?\): expected",
        ),
    ],
)
def test_weights_that_a_model_does_not_have_are_answered_with_what_is_known(tiny, text, model, message):
    with pytest.raises(InputError, match=message):
        published(parse(text), entry(model) if model else None)
