"""Tests of burnish.diagnosis.data.near."""

import cv2
import numpy as np
import pytest
from tests.diagnosis.data.pictures import scene

from burnish.diagnosis.data.fingerprints import fingerprint
from burnish.diagnosis.data.near import near_pairs

SCENES = [scene(number) for number in range(600)]


def recoded(image):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


def smaller(image):
    return cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA)


def darker(image):
    return (image * 0.6 + 10).astype(np.uint8)


def grey(image):
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def noisy(image):
    return np.clip(image + np.random.default_rng(0).normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [recoded, smaller, darker, grey, noisy])
def test_every_changed_copy_is_found_and_nothing_else(change):
    prints = fingerprint(SCENES + [change(image) for image in SCENES[:100]])
    pairs, apart = near_pairs(prints)
    assert pairs.tolist() == [[number, 600 + number] for number in range(100)]
    assert apart.max() <= 0.15


def test_scenes_that_differ_are_no_copies():
    assert len(near_pairs(fingerprint(SCENES))[0]) == 0


def test_drawings_that_are_much_alike_are_no_copies():
    """Discs of nearly one place and size, as digits and clothes are: what is alike everywhere is no evidence."""
    rng = np.random.default_rng(0)
    discs = []
    for _ in range(500):
        image = np.zeros((28, 28, 1), np.uint8)
        x, y, radius = rng.uniform(11, 17), rng.uniform(11, 17), rng.uniform(6, 10)
        cv2.circle(image, (round(x * 16), round(y * 16)), round(radius * 16), 255, -1, cv2.LINE_AA, 4)
        cv2.circle(image, (round(28 * 16 - x * 16), round(y * 16)), round(radius * 8), 90, -1, cv2.LINE_AA, 4)
        discs.append(np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8))
    assert len(near_pairs(fingerprint(discs))[0]) <= 5


def test_pictures_of_almost_one_colour_are_left_out():
    rng = np.random.default_rng(0)
    plain = [np.full((32, 32, 3), 100, np.uint8) + rng.integers(0, 2, (32, 32, 3), dtype=np.uint8) for _ in range(50)]
    assert len(near_pairs(fingerprint(plain))[0]) == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images_are_no_special_case(count):
    assert near_pairs(fingerprint(SCENES[:count]))[0].shape == (0, 2)


def test_a_copy_is_found_among_few_images():
    prints = fingerprint([*SCENES[:5], noisy(SCENES[2])])
    assert near_pairs(prints)[0].tolist() == [[2, 5]]
