"""Tests of burnish.data.images.source."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image

import burnish.data.images.source as image_source
from burnish.data.images.file_list import FileList
from burnish.data.images.source import ImageFolderSource, PathedTensorSource, decoded_images


@pytest.fixture
def files(tmp_path):
    names = [f"{number}.png" for number in range(100)]
    for number, name in enumerate(names):
        Image.fromarray(np.full((2, 2, 3), number, np.uint8)).save(tmp_path / name)
    return FileList(tmp_path, names)


@pytest.mark.parametrize("worth_a_thread", [0.0, 10.0])
def test_every_file_lands_in_its_own_row_with_and_without_threads(files, worth_a_thread, monkeypatch):
    monkeypatch.setattr(image_source, "_WORTH_A_THREAD", worth_a_thread)
    source, bad = decoded_images(files, torch.arange(100), (3, 2, 2), skip_unreadable=False)
    assert bad == []
    assert torch.equal(source.inputs[:, 0, 0, 0], torch.arange(100, dtype=torch.uint8))


def test_a_lazy_source_survives_pickling_and_knows_labels_without_reading(files):
    source = pickle.loads(pickle.dumps(ImageFolderSource(files, torch.arange(100) % 3, (1, 2, 2))))
    images, labels = source.gather(torch.tensor([51, 7]))
    assert images.shape == (2, 1, 2, 2)
    assert images[:, 0, 0, 0].tolist() == pytest.approx([51 / 255, 7 / 255])
    assert labels.tolist() == [0, 1]
    assert torch.equal(source.labels(), torch.arange(100) % 3)
    assert source.describe(7) == files[7]
    assert not source.in_memory


def test_images_in_memory_know_their_files_and_keep_them_on_a_device(files):
    source = PathedTensorSource(torch.zeros(100, 3, 2, 2, dtype=torch.uint8), torch.zeros(100), files)
    assert source.describe(7) == files[7]
    assert source.to(torch.device("cpu")).describe(7) == files[7]
    assert source.rows(torch.tensor([9, 7])).describe(1) == files[7]


def test_files_are_given_at_their_own_size_one_by_one(files):
    source = ImageFolderSource(files, torch.arange(len(files)), (3, 4, 4))
    pictures, targets = source.originals(torch.tensor([2, 0]))
    first = next(pictures)
    with Image.open(files[2]) as image:
        assert np.array_equal(first, np.array(image.convert("RGB")))
    assert targets.tolist() == [2, 0]
    assert len(list(pictures)) == 1
