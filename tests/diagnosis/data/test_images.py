"""Tests of burnish.diagnosis.data.images."""

import numpy as np
from tests.diagnosis.data.pictures import scene

from burnish.diagnosis.data.fingerprints import fingerprint
from burnish.diagnosis.data.images import image_findings, unreadable_finding
from burnish.diagnosis.data.samples import Samples


def find(images, labels=None, splits=None, from_files=True):
    count = len(images)
    samples = Samples(
        np.zeros(count, np.int8) if splits is None else splits,
        np.zeros(count, np.int64) if labels is None else labels,
        ("cat", "dog"),
        str,
        unit="image",
    )
    found = image_findings(fingerprint(images), samples, drawn=False, from_files=from_files)
    return {finding.code: finding for finding in found}


CLEAN = [scene(number) for number in range(300)]


def test_clean_images_have_no_finding():
    splits = np.repeat([0, 1, 2], 100).astype(np.int8)
    assert find(CLEAN, splits=splits) == {}


def test_pictures_of_one_colour_are_no_duplicates():
    found = find([*CLEAN, *[np.full((48, 48, 3), 9, np.uint8)] * 3])
    assert set(found) == {"constant-images", "mixed-channels"}
    assert found["constant-images"].count == 3


def test_extreme_and_tiny_files_are_found():
    found = find([*CLEAN, scene(900, 20, 200), scene(901, 6, 6)])
    assert found["extreme-proportions"].count == 1
    assert found["tiny-images"].count == 1
    assert found["several-sizes"].count == 3
    assert "tiny-images" not in find([*CLEAN[:5], scene(901, 48, 48)])


def test_sizes_of_loaded_images_are_no_finding():
    assert find([scene(n, 6, 6) for n in range(40)], from_files=False) == {}


def test_colour_that_goes_with_class_is_a_warning():
    grey = [image[:, :, :1] for image in CLEAN[:60]]
    labels = np.repeat([1, 0], [60, 240])
    assert find([*grey, *CLEAN[60:]], labels)["mixed-channels"].severity == "warning"
    assert find([*grey, *CLEAN[60:]], np.arange(300) % 2)["mixed-channels"].severity == "info"


def test_darker_test_images_are_drift():
    splits = np.repeat([0, 2], 150).astype(np.int8)
    images = [*CLEAN[:150], *[(image * 0.7).astype(np.uint8) for image in CLEAN[150:]]]
    found = find(images, splits=splits)
    assert list(found) == ["drift"]
    assert any(example.note.startswith("brightness") for example in found["drift"].examples)


def test_near_copies_of_exact_copies_are_told_once():
    brighter = np.clip(CLEAN[0] * 0.9 + 20, 0, 255).astype(np.uint8)
    found = find([*CLEAN, CLEAN[0], CLEAN[0], brighter])
    assert (found["duplicates"].count, found["near-duplicates"].count) == (2, 1)


def test_unreadable_files_come_with_their_reasons():
    assert unreadable_finding({}, 10) == []
    (found,) = unreadable_finding({"a.png": "cannot read image a.png: cut; --skip-unreadable leaves such files out"}, 4)
    assert (found.severity, found.share, found.examples[0].note) == ("error", 0.25, "a.png: cut")
