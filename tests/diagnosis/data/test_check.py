"""Tests of burnish.diagnosis.data.check."""

import cv2
import numpy as np
import pytest
import torch
from tests.diagnosis.data.pictures import scene

from burnish.common.errors import InputError
from burnish.data.loading import load
from burnish.data.options import DataOptions
from burnish.diagnosis.data.check import check_data


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[:, :, ::-1])


@pytest.fixture
def photos(tmp_path):
    """240 scenes in two classes, half of them JPEG, split into train and test."""
    for number in range(240):
        split, kind = ("train", "test")[number % 3 == 2], ("cat", "dog")[number % 2]
        write(tmp_path / split / kind / f"{number}.{('png', 'jpg')[number % 5 == 0]}", scene(number))
    return tmp_path


def codes(report):
    return {finding.code: finding.count for finding in report.findings}


def test_a_clean_folder_has_no_finding(photos):
    report = check_data(photos)
    assert codes(report) == {}
    assert report.samples.counts() == {"train": 144, "validation": 16, "test": 80}
    assert report.notes == ("the folder has no validation split: drawn as fitting would (seed 0)",)


def test_every_planted_fault_is_found_and_nothing_else(photos):
    jpeg = cv2.imread(str(photos / "train/cat/0.jpg"))[:, :, ::-1]
    write(photos / "test/cat/leak.png", jpeg)  # the pixels of a JPEG, written without loss
    write(photos / "train/dog/other-class.png", scene(4))  # train/cat/4.png
    write(photos / "test/dog/near.jpg", (scene(1) * 0.7 + 20).astype(np.uint8))
    whole = (photos / "train/cat/6.png").read_bytes()
    (photos / "train/cat/cut.png").write_bytes(whole[: len(whole) // 2])
    (photos / "train/cat/empty.jpg").write_bytes(b"")
    (photos / "test/dog/text.jpg").write_text("no image")
    write(photos / "train/dog/blank.png", np.full((48, 48, 3), 255, np.uint8))
    report = check_data(photos, DataOptions(validation=0.0))
    assert codes(report) == {
        "unreadable-files": 3,
        "duplicates-across-splits": 1,
        "conflicting-labels": 2,
        "near-duplicates-across-splits": 1,
        "duplicates": 1,
        "constant-images": 1,
        "mixed-channels": 1,  # the blank one
    }
    leak = report.find("duplicates-across-splits")
    assert [place.name for place in leak.examples[0].places] == ["train/cat/0.jpg", "test/cat/leak.png"]
    near = report.find("near-duplicates-across-splits")
    assert [place.name for place in near.examples[0].places] == ["train/dog/1.png", "test/dog/near.jpg"]


def test_the_splits_drawn_are_those_of_loading(photos):
    data = load(photos)
    report = check_data(photos)
    names = [str(photos / report.samples.name(number)) for number in range(len(report.samples))]
    drawn = [name for name, split in zip(names, report.samples.splits, strict=True) if split == 1]
    assert drawn == [data.validation.describe(number) for number in range(len(data.validation))]


def test_a_folder_that_loading_refuses_is_checked(photos):
    (photos / "train" / "fox").mkdir()
    (photos / "train/cat/0.jpg").write_bytes(b"broken")
    with pytest.raises(InputError):
        load(photos)
    assert codes(check_data(photos)) == {"empty-class": 1, "unreadable-files": 1}


def test_a_folder_of_broken_files_is_refused(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/1.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"none of the 1 images in .* can be read"):
        check_data(tmp_path)


def test_tensors_are_checked_and_described_by_split():
    images = torch.stack([torch.from_numpy(scene(number).transpose(2, 0, 1).copy()) for number in range(200)])
    labels = torch.arange(200) % 2
    clean = check_data({"train": (images[:150], labels[:150]), "test": (images[150:], labels[150:])})
    assert codes(clean) == {}
    images[190] = images[3]
    report = check_data({"train": (images[:150], labels[:150]), "test": (images[150:], labels[150:])})
    assert codes(report)["duplicates-across-splits"] == 1


def test_a_table_is_checked_with_the_columns_that_loading_leaves_out(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=300), rng.integers(0, 2, 300)
    lines = [f"{7000 + n},{x[n]:.6f},{rng.normal():.6f},eu,{3 * y[n]},{y[n]}" for n in range(300)]
    (tmp_path / "t.csv").write_text("customer,x,z,region,refund,churned\n" + "\n".join(lines))
    report = check_data(tmp_path / "t.csv")
    assert codes(report) == {"target-leakage": 1, "identifier-columns": 1, "constant-columns": 1}
    assert report.findings[0].examples[0].note.startswith("refund: ")


def test_iris_has_its_known_twin_and_no_fault():
    """Rows 101 and 142 of iris are equal: known since Fisher's table was typed, and no surprise at one decimal."""
    report = check_data("iris")
    assert {finding.severity for finding in report.findings} == {"info"}
    assert [place.name for place in report.findings[0].examples[0].places] == ["sample 101", "sample 142"]


@pytest.mark.parametrize("name", ["digits", "wine", "breast-cancer", "diabetes"])
def test_clean_bundled_sets_have_no_finding(name):
    assert codes(check_data(name)) == {}


def test_a_text_is_checked(tmp_path):
    rng = np.random.default_rng(0)
    letters = "".join(rng.choice(list("abcdefgh \n"), 8000))
    (tmp_path / "t.txt").write_text(letters + letters[:400])
    report = check_data(tmp_path / "t.txt", DataOptions(sequence_length=32))
    assert codes(report) == {"passages-across-splits": 400}


def test_points_without_targets_are_checked():
    points = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    assert codes(check_data(points)) == {}


def test_progress_reaches_the_number_of_files(photos):
    told = []
    check_data(photos, progress=lambda done, count: told.append((done, count)))
    assert told[-1] == (240, 240)
