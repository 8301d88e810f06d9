"""Tests of burnish.diagnosis.data.image_files."""

import cv2
import numpy as np
from tests.diagnosis.data.pictures import scene

from burnish.data.images.file_list import FileList
from burnish.diagnosis.data.image_files import fingerprint_files


def write(path, image, *options):
    assert cv2.imwrite(str(path), image[:, :, ::-1], list(options))


def test_a_png_of_a_jpegs_pixels_has_its_digest(tmp_path):
    write(tmp_path / "a.jpg", scene(0), cv2.IMWRITE_JPEG_QUALITY, 80)
    decoded = cv2.imread(str(tmp_path / "a.jpg"))[:, :, ::-1]
    write(tmp_path / "b.png", decoded)
    prints, broken = fingerprint_files(FileList(tmp_path, ["a.jpg", "b.png"]))
    assert prints.digest[0] == prints.digest[1]
    assert broken == {}


def test_broken_files_are_named_and_the_rest_is_read(tmp_path):
    names = []
    for number in range(150):
        names.append(f"{number}.png")
        write(tmp_path / names[-1], scene(number, 8, 8))
    whole = (tmp_path / "77.png").read_bytes()
    (tmp_path / "77.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "149.png").write_bytes(b"")
    told = []
    prints, broken = fingerprint_files(FileList(tmp_path, names), told.append)
    assert sorted(broken) == [77, 149]
    assert "77.png" in broken[77]
    assert sum(told) == 150
    assert prints.size[[77, 149]].sum() == 0
    assert (prints.size[np.r_[0:77, 78:149]] == (8, 8, 3)).all()


def test_large_jpegs_are_read_at_a_part_of_their_size_and_keep_it_in_the_row(tmp_path):
    rng = np.random.default_rng(0)
    large = np.clip(scene(1, 1500, 2400) + rng.integers(-30, 30, (1500, 2400, 3)), 0, 255).astype(np.uint8)
    write(tmp_path / "large.jpg", large, cv2.IMWRITE_JPEG_QUALITY, 90)
    assert (tmp_path / "large.jpg").stat().st_size > 256 * 1024
    write(tmp_path / "small.png", cv2.resize(large, (240, 150), interpolation=cv2.INTER_AREA))
    prints, _ = fingerprint_files(FileList(tmp_path, ["large.jpg", "small.png"]))
    assert prints.size[0].tolist() == [1500, 2400, 3]
    assert np.bitwise_count(prints.hash[0] ^ prints.hash[1]) <= 4
    assert np.allclose(prints.mean[0], prints.mean[1], atol=0.01)
