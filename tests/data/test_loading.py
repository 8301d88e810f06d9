"""Tests of burnish.data.loading."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

import burnish.data
from burnish.common.errors import InputError
from burnish.data import Data, DataOptions, load

REAL = pytest.mark.skipif("BURNISH_DATA" not in os.environ, reason="needs real data: set BURNISH_DATA")


def everything(source):
    return source.gather(torch.arange(len(source)))


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast-cancer", "diabetes", "points"])
def test_every_set_that_needs_no_download_loads_and_is_split(name):
    data = load(name)
    known = burnish.data.entry(name)
    sizes = [len(split) for split in (data.train, data.validation, data.test)]
    assert sum(sizes) == known.samples
    assert sizes[1] == pytest.approx(0.1 * known.samples, abs=1)
    assert sizes[2] == pytest.approx(0.2 * known.samples, abs=1)
    assert (data.name, data.origin, data.schema.kind) == (name, name, known.kind)
    assert data.train.gather(torch.tensor([0]))[0].shape[1:] == data.schema.input_shape


@pytest.mark.parametrize("name", ["digits", "diabetes", "points"])
def test_the_seed_alone_decides_the_split(name):
    one, same, other = (everything(load(name, seed=seed).test)[0] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_every_class_is_held_out_in_its_share():
    data = load("iris")
    assert torch.bincount(data.test.labels()).tolist() == [10, 10, 10]


def test_options_come_by_name_or_together():
    assert len(load("iris", test=0.5).test) == 75
    assert len(load("iris", options=DataOptions(test=0.5)).test) == 75
    assert len(load("iris", options=DataOptions(test=0.5), validation=0.0).validation) == 0


def test_data_comes_back_as_it_is():
    data = load("iris")
    assert load(data) is data


def test_tensors_arrays_and_data_sets_are_taken():
    x, y = np.random.default_rng(0).random((30, 4)), np.arange(30) % 3
    assert load((x, y)).schema.kind == "table"
    assert load([torch.from_numpy(x), torch.from_numpy(y)]).schema.kind == "table"
    assert load(torch.from_numpy(x)).schema.kind == "points"
    assert len(load({"train": (x, y), "test": (x[:3], y[:3])}).test) == 3

    class Rows(Dataset):
        targets = y.tolist()

        def __len__(self):
            return 30

        def __getitem__(self, number):
            return torch.from_numpy(x[number]).float(), int(y[number])

    data = load(Rows())
    assert (data.schema.kind, data.train.in_memory, data.origin) == ("table", False, None)


def test_files_are_read_by_their_kind(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", x=np.eye(10), y=np.arange(10) % 2)
    (tmp_path / "b.txt").write_text("hello world " * 100)
    assert load(tmp_path / "a.npz").schema.kind == "table"
    data = load(str(tmp_path / "b.txt"), sequence_length=5)
    assert (data.schema.kind, data.schema.input_shape) == ("text", (5,))
    monkeypatch.chdir(tmp_path)
    data = load("b.txt", sequence_length=5)
    assert data.origin == str(tmp_path / "b.txt")
    assert load(data.origin, sequence_length=5).schema == data.schema


def photo_folder(folder, count=4):
    image = pytest.importorskip("PIL.Image")
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            image.new("RGB", (8, 8), (10 * number, 0, 200)).save(folder / name / f"{number}.png")
    return folder


def test_a_folder_is_a_folder_of_images(tmp_path):
    data = load(photo_folder(tmp_path / "photos", 10))
    assert (data.schema.kind, data.schema.classes) == ("image", ("cat", "dog"))


def test_a_table_is_read(tmp_path):
    pytest.importorskip("burnish.data.tables.table")
    rows = "\n".join(f"{n},{n % 7},{'yes' if n % 2 else 'no'}" for n in range(60))
    (tmp_path / "a.csv").write_text("size,age,churned\n" + rows + "\n")
    data = load(tmp_path / "a.csv", target="churned")
    assert (data.schema.kind, data.schema.goal, set(data.schema.classes)) == ("table", "classification", {"yes", "no"})


def test_an_archive_of_images_keeps_its_own_name(tmp_path, monkeypatch):
    photos = tmp_path / "made"
    for split in ("train", "test"):
        photo_folder(photos / split)
    (tmp_path / "user" / "cifar10-jpeg").mkdir(parents=True)
    with tarfile.open(tmp_path / "user" / "cifar10-jpeg" / "cifar10-jpeg.tar.gz", "w:gz") as tar:
        for split in ("train", "test"):
            tar.add(photos / split, split)
    monkeypatch.setenv("BURNISH_DATA", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = load("cifar10-jpeg", validation=0.25)
    assert (data.name, data.origin) == ("cifar10-jpeg", "cifar10-jpeg")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [6, 2, 8]


def test_cifar10_is_read_from_its_binary_archive(tmp_path, monkeypatch):
    folder = tmp_path / "cifar10"
    folder.mkdir()
    record = (np.arange(20)[:, None] % 10).astype(np.uint8).repeat(3073, 1).tobytes()
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as tar:
        for name in [f"data_batch_{part}.bin" for part in range(1, 6)] + ["test_batch.bin"]:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(record)
            tar.addfile(info, io.BytesIO(record))
    monkeypatch.setenv("BURNISH_DATA", str(tmp_path))
    data = load("cifar10")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [90, 10, 20]
    assert data.schema.classes[3] == "cat"


@pytest.mark.parametrize(
    ("origin", "options", "message"),
    [
        ("minst", {}, r"there is no data 'minst' \(did you mean 'mnist'\?\): expected one of .*digits.*, a folder of"),
        ("no/such/photos", {}, "there is no file or folder 'no/such/photos': expected a folder of class folders"),
        ("iris", {"tset": 0.1}, r"unknown data option 'tset' \(did you mean 'test'\?\): expected one of cache_mb"),
        (
            "iris",
            {"target": "x"},
            r"target=x means nothing for the set iris: leave it out \(what does: validation, test\)",
        ),
        ("iris", {"test": 1.5}, r"a share of the data must lie in \[0, 1\), got 1.5"),
        (3, {}, r"data cannot be made of int: expected a name, a path, \(x, y\)"),
        ({}, {}, "data cannot be made of dict"),
        (
            (torch.zeros(3, 2), torch.zeros(3)),
            {"input_size": 8},
            "input_size=8 means nothing for tensors and data sets",
        ),
    ],
)
def test_what_cannot_be_loaded_is_named_in_one_line(origin, options, message):
    with pytest.raises(InputError, match=message) as caught:
        load(origin, **options)
    assert "\n" not in str(caught.value)


def test_a_misspelt_file_gets_a_hint_from_its_neighbours(tmp_path):
    (tmp_path / "customers.csv").write_text("a")
    with pytest.raises(InputError, match=r"there is no file or folder .* \(did you mean 'customers\.csv'\?\)"):
        load(tmp_path / "custmers.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.npz"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=rf"{name} is empty: expected a \.{name[2:]} file with data in it"):
        load(tmp_path / name)


def test_a_file_of_another_type_is_named(tmp_path):
    (tmp_path / "a.xlsx").write_text("a")
    with pytest.raises(InputError, match=r"a\.xlsx is of no known type \('\.xlsx'\): expected a folder .*\.csv"):
        load(tmp_path / "a.xlsx")


def test_options_for_loaded_data_are_refused():
    with pytest.raises(InputError, match=r"test=0\.5 means nothing for data that is loaded already"):
        load(load("iris"), test=0.5)


def test_the_area_gives_its_names_lazily_and_the_function_stays_a_function():
    import burnish.data.loading

    assert callable(burnish.data.load)
    assert set(burnish.data.__all__) <= set(dir(burnish.data))
    assert burnish.data.__all__ == sorted(burnish.data.__all__)
    assert all(getattr(burnish.data, name) is not None for name in burnish.data.__all__)
    with pytest.raises(AttributeError, match=r"module 'burnish\.data' has no attribute 'nothing'"):
        _ = burnish.data.nothing


def test_an_empty_split_is_named_when_it_is_asked_for():
    data = load("iris", test=0.0)
    assert isinstance(data, Data)
    with pytest.raises(InputError, match="the test split of iris is empty"):
        data.split("test")
    with pytest.raises(InputError, match="unknown split 'tset': expected train, validation or test"):
        data.split("tset")


@REAL
def test_fashion_mnist_has_its_sizes_and_classes():
    data = load("fashion-mnist")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [54_000, 6_000, 10_000]
    assert torch.bincount(data.validation.labels()).tolist() == [600] * 10
    assert torch.bincount(data.test.labels()).tolist() == [1000] * 10
    inputs, targets = data.test.gather(torch.tensor([0]))
    assert (inputs.max(), data.schema.classes[targets]) == (1.0, "Ankle boot")


@REAL
def test_tiny_shakespeare_holds_out_its_end():
    data = load("tiny-shakespeare", validation=0.1, test=0.0)
    assert (data.name, len(data.schema.vocabulary)) == ("tiny-shakespeare", 65)
    assert Path(os.environ["BURNISH_DATA"]).is_dir()
