"""Tests of burnish.data.augment.presets."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import PcaShift
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip, RandomCrop, ResizedCrop, Rotate, Translate
from burnish.data.augment.pixels import Cutout
from burnish.data.augment.presets import OPERATIONS, PRESETS, parse, preset
from burnish.data.source import TensorSource

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 224, 224), (3, 64, 96)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_works_on_every_size_and_survives_the_config(name, shape):
    augmentation = preset(name, shape)
    assert parse(augmentation.to_list()) == augmentation
    assert parse(name, shape) == augmentation
    images = torch.rand(3, *shape)
    augmentation.prepared(TensorSource(images))
    found = augmentation.batch(images, Draws(0, 0, torch.arange(3)))[0]
    assert found.shape == images.shape
    assert torch.equal(found, images) == (name == "none")


def test_a_heavier_preset_changes_images_more():
    coarse = torch.rand(64, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, (32, 32), mode="bilinear")
    away = []
    for name in PRESETS:
        draws = Draws(0, 0, torch.arange(64))
        away.append((preset(name, (3, 32, 32)).batch(images, draws)[0] - images).abs().mean().item())
    assert away == sorted(away)


def test_distances_follow_the_size_of_the_image():
    def furthest(shape):
        return next(op.pixels for op in preset("heavy", shape).operations if isinstance(op, Translate))

    assert furthest((3, 224, 224)) == 10
    assert furthest((3, 32, 32)) == 4
    assert furthest((1, 8, 8)) == 1


def test_small_images_are_shifted_and_large_ones_cropped():
    assert preset("flip-crop", (3, 32, 32)).operations == (RandomCrop(padding=4), HorizontalFlip())
    assert preset("flip-crop", (3, 224, 224)).operations == (ResizedCrop(area=(0.08, 1.0)), HorizontalFlip())


def test_a_list_may_hold_names_and_tables():
    found = parse([{"name": "rotate", "degrees": [0, 15], "probability": 0.5}, "horizontal-flip"])
    assert found == Augmentation((Rotate(degrees=(0.0, 15.0), probability=0.5), HorizontalFlip()))


def test_names_of_operations_may_be_joined_by_commas():
    assert parse("rotate, cutout") == Augmentation((Rotate(), Cutout()))
    assert parse("cutout") == Augmentation((Cutout(),))


def test_an_empty_list_is_no_augmentation():
    assert not parse([])
    assert not parse("none")


def test_what_lies_outside_can_be_chosen():
    found = parse([{"name": "fill", "outside": "reflect"}, "rotate"])
    assert found.fill == "reflect"
    assert parse(found.to_list()) == found


def test_components_survive_the_config():
    augmentation = Augmentation((PcaShift(components=((0.5, 0.25), (0.0, 1.0))),))
    assert parse(augmentation.to_list()) == augmentation


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_defaults_and_a_plain_form(name):
    operation = OPERATIONS[name]()
    assert operation.name == name
    assert parse([operation.to_dict()]).operations == (operation,)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("hevy", r"unknown augmentation 'hevy' \(did you mean 'heavy'\?\): expected one of"),
        (["rotte"], r"unknown operation of augmentation 'rotte' \(did you mean 'rotate'\?\): expected one of"),
        (
            [{"name": "rotate", "degres": [0, 1]}],
            r"rotate has no field 'degres' \(did you mean 'degrees'\?\): expected",
        ),
        ([{"name": "rotate", "degrees": 15}], "degrees of rotate must be two numbers, low and high, got 15"),
        ([{"name": "rotate", "degrees": ["a", 1]}], "degrees of rotate must be two numbers"),
        ([{"name": "rotate", "degrees": [0, 900]}], "degrees of rotate must be a range within"),
        ([{"name": "rotate", "probability": True}], "probability of rotate must be a number, got True"),
        ([{"name": "rotate", "probability": 2}], r"probability of rotate must lie in \[0, 1\], got 2"),
        ([{"name": "cutout", "holes": 1.5}], "holes of cutout must be a whole number, got 1.5"),
        ([{"name": "pca-shift", "components": [1]}], "components of pca-shift must be rows of numbers, got"),
        ([{"degrees": [0, 1]}], "an operation is a name, or a table with a name and fields, got"),
        ([3], "an operation is a name, or a table with a name and fields, got 3"),
        (["medium", "rotate"], "'medium' is a preset, which stands alone: list operations"),
        ([{"name": "fill", "outside": "white"}], r"fill takes outside = zero \| edge \| reflect, got"),
        (3, "augmentation must be a name or a list of operations, got int 3"),
    ],
)
def test_what_cannot_be_is_named(spec, message):
    with pytest.raises(InputError, match=message):
        parse(spec)


def test_samples_that_are_no_images_are_refused():
    with pytest.raises(InputError, match=r"'light' changes images \(C, H, W\), and these samples have \(13,\)"):
        preset("light", (13,))
