"""Tests of burnish.diagnosis.data.fingerprints."""

import cv2
import numpy as np
from tests.diagnosis.data.pictures import scene

from burnish.diagnosis.data.fingerprints import empty, fingerprint


def bits(first, second):
    return int(np.bitwise_count(first ^ second))


def test_one_changed_pixel_changes_the_digest():
    picture = scene(0)
    changed = picture.copy()
    changed[3, 4, 1] ^= 1
    found = fingerprint([picture, picture.copy(), changed])
    assert found.digest[0] == found.digest[1] != found.digest[2]


def test_the_same_bytes_of_another_shape_differ():
    flat = np.arange(48, dtype=np.uint8)
    found = fingerprint([flat.reshape(6, 8, 1), flat.reshape(8, 6, 1)])
    assert found.digest[0] != found.digest[1]


def test_grey_kept_as_colour_is_grey():
    grey = scene(1)[:, :, :1]
    found = fingerprint([grey, np.repeat(grey, 3, axis=2), scene(1)])
    assert found.digest[0] == found.digest[1]
    assert found.size[:, 2].tolist() == [1, 1, 3]


def test_the_hash_of_a_resized_brighter_copy_is_near_and_of_another_scene_far():
    picture = scene(2)
    smaller = cv2.resize(picture, (30, 30), interpolation=cv2.INTER_AREA)
    brighter = np.clip(picture * 0.8 + 30, 0, 255).astype(np.uint8)
    found = fingerprint([picture, smaller, brighter, scene(3)])
    assert bits(found.hash[0], found.hash[1]) <= 4
    assert bits(found.hash[0], found.hash[2]) <= 4
    assert bits(found.hash[0], found.hash[3]) >= 16


def test_only_one_colour_is_flat():
    almost = np.full((9, 9, 3), 7, np.uint8)
    almost[0, 0, 2] = 8
    found = fingerprint([np.full((9, 9, 3), 7, np.uint8), almost])
    assert found.flat.tolist() == [True, False]
    assert np.allclose(found.mean[0], 7 / 255)


def test_rows_can_be_written_and_taken():
    rows = fingerprint([scene(4), scene(5)])
    whole = empty(5)
    whole.put(2, rows)
    assert np.array_equal(whole.take(np.array([2, 3])).digest, rows.digest)
    assert whole.size[:2].sum() == 0


def test_the_size_is_that_before_reducing():
    found = fingerprint([scene(6)], [(480, 960)])
    assert found.size[0].tolist() == [480, 960, 3]
