"""Tests of burnish.verbs.describing.usual."""

from burnish.models import entry
from burnish.verbs.describing.usual import usual_classes, usual_shapes


def test_networks_made_for_imagenet_have_its_classes_and_others_ten():
    assert usual_classes(entry("resnet50")) == 1000
    assert usual_classes(entry("resnet20")) == 10
    assert usual_classes(entry("char-lstm")) == 65


def test_every_kind_of_data_has_its_shape():
    assert usual_shapes(entry("resnet20")) == {"image": (3, 32, 32)}
    assert usual_shapes(entry("inception-v3")) == {"image": (3, 299, 299)}
    assert usual_shapes(entry("mlp")) == {"image": (3, 32, 32), "table": (13,), "points": (2,)}
    assert usual_shapes(entry("char-lstm")) == {"text": (128,)}
