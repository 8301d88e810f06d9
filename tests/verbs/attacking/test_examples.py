"""Tests of burnish.verbs.attacking.examples."""

import base64
import io
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image

import burnish
from burnish.attacks import FGSM
from burnish.attacks.suites.suite import Suite
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.examples import examples
from burnish.verbs.attacking.samples import drawn
from burnish.verbs.attacking.target import opened_target


@pytest.fixture(scope="module")
def case(digits_run):
    with opened_target(Attack(subject="x"), digits_run, None, None) as target:
        samples = drawn(target.data, "test", 100, 0, whole=False)
        suite = Suite("fgsm", (FGSM(digits_run.model, eps=0.2),))
        yield target, samples, suite.run(samples.inputs, samples.labels)


def pixels(uri):
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))), dtype=np.float64) / 255
    return torch.from_numpy(image[4::8, 4::8])  # eight pixels for one


def test_each_shows_what_was_fooled_and_how(case):
    target, samples, result = case
    found = examples(target, samples, result, most=8)
    assert len(found) == 8
    for one in found:
        place = samples.names.index(one["where"])
        assert bool(result.fooled_by[place] == 0)
        assert one["truth"] == target.data.schema.classes[samples.labels[place]]
        assert one["answer"] != one["truth"]
        assert (one["attack"], one["distance"]) == ("fgsm", pytest.approx(0.2))
        clean, attacked = samples.inputs[place, 0].double(), result.inputs[place, 0].double()
        assert (pixels(one["clean"]) - clean).abs().max() < 0.003
        assert (pixels(one["attacked"]) - attacked).abs().max() < 0.003
        assert (pixels(one["change"]) - (0.5 + 10 * (attacked - clean)).clamp(0, 1)).abs().max() < 0.003


def test_they_come_from_as_many_classes_as_there_are(case):
    target, samples, result = case
    fooled = {int(label) for label in samples.labels[result.fooled_by >= 0]}
    assert len({one["truth"] for one in examples(target, samples, result, most=len(fooled))}) == len(fooled)


def test_images_that_are_no_pictures_are_told_in_words_alone():
    images = torch.rand(40, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(72, 2)).eval()
    options = {"eps": 0.5, "attack": "fgsm", "split": "all", "quiet": True}
    with TemporaryDirectory() as out:
        found = burnish.attack(model, data=(images, model(images).argmax(1)), out=out, **options)
    assert found.examples
    assert set(found.examples[0]) == {"where", "truth", "answer", "attack", "distance"}


def test_nothing_fooled_leaves_nothing_to_show(case):
    target, samples, _ = case
    untouched = Suite("fgsm", (FGSM(target.module, eps=0.0),)).run(samples.inputs, samples.labels)
    assert examples(target, samples, untouched) == []
