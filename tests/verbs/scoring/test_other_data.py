"""Tests of burnish.verbs.scoring.other_data."""

import polars as pl
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.runs import load_run
from burnish.verbs.scoring.other_data import Relabelled, other_data, own_data


def everything(source):
    return source.gather(torch.arange(len(source)))


def test_a_table_is_encoded_with_the_runs_categories(table_run, customers, tmp_path):
    path = tmp_path / "other.csv"
    frame = pl.read_csv(customers).filter(pl.col("city") != "A")  # the file's own codes would shift by one
    frame.with_columns(extra=pl.int_range(pl.len())).select("city", "extra", "churned", "plan", "age").write_csv(path)
    data = other_data(table_run, path)
    assert data.schema == table_run.schema
    inputs, _ = everything(data.test)
    assert set(inputs[:, 2].tolist()) == {1.0, 2.0}
    for row, name in zip(inputs, map(data.test.describe, range(len(inputs))), strict=True):
        wanted = frame.row(int(name.split()[-1]) - 1, named=True)
        assert "ABC"[int(row[2])] == wanted["city"]
        assert ("basic", "pro")[int(row[1])] == wanted["plan"]


def test_classes_may_be_fewer(photos_run, photos, tmp_path):
    for name in ("green", "red"):
        (tmp_path / name).mkdir()
        for number in range(10):
            (tmp_path / name / f"{number}.png").write_bytes((photos / name / f"{number}.png").read_bytes())
    data = other_data(photos_run, tmp_path)
    assert data.schema == photos_run.schema
    _, labels = everything(data.train)
    assert {data.schema.classes[label] for label in labels} == {"green", "red"}
    assert torch.equal(data.train.labels(), labels)
    assert all(
        data.train.describe(number).split("/")[-2] == data.schema.classes[label] for number, label in enumerate(labels)
    )


def test_a_class_that_the_run_does_not_know_is_named(photos_run, tmp_path):
    for name in ("green", "yellow"):
        (tmp_path / name).mkdir()
        for number in range(10):
            Image.new("RGB", (9, 9)).save(tmp_path / name / f"{number}.png")
    with pytest.raises(InputError, match=r"does not fit run .*: class 'yellow' is not one of blue, green, red"):
        other_data(photos_run, tmp_path)


def test_a_text_is_read_with_the_runs_vocabulary(text_run, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("mat the sat\n" * 60)  # other symbols at other codes
    data = other_data(text_run, path)
    assert data.schema == text_run.schema
    inputs, _ = everything(data.train)
    assert "".join(text_run.schema.vocabulary[code] for code in inputs[0]) == ("mat the sat\n" * 2)[:16]


def test_symbols_that_the_run_does_not_know_are_named(text_run, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("the XY mat\n" * 60)
    with pytest.raises(InputError, match="other has symbols that the run's text does not have: 'X', 'Y'; remove"):
        other_data(text_run, path)


def test_tensors_of_the_same_shape_do(digits_run):
    x, y = everything(digits_run.data.test)
    data = other_data(digits_run, {"train": (x, y), "test": (x, y)})
    assert torch.equal(everything(data.test)[0], x)


def test_columns_of_other_names_are_refused_though_as_many(table_run):
    names = ["no", "yes"] * 20
    with pytest.raises(InputError, match=r"columns \['f0', 'f1', 'f2'\], expected \['age', 'plan', 'city'\]"):
        other_data(table_run, (torch.rand(40, 3), names))


def test_data_that_changed_since_the_run_are_refused(table_run, customers):
    run = load_run(table_run.path)
    before = customers.read_text()
    try:
        customers.write_text(before.replace(",A,", ",Q,"))
        with pytest.raises(
            InputError, match=r"customers is no longer what run .* was fitted on: the columns hold other"
        ):
            own_data(run)
    finally:
        customers.write_text(before)
    assert own_data(load_run(table_run.path)).schema == run.schema


def test_relabelled_samples_keep_everything_else(photos_run):
    source = photos_run.data.train
    swapped = Relabelled(source, torch.tensor([2, 1, 0]))
    inputs, labels = everything(source)
    assert torch.equal(everything(swapped)[0], inputs)
    assert torch.equal(everything(swapped)[1], 2 - labels)
    assert torch.equal(swapped.to(torch.device("cpu")).labels(), 2 - labels)
    assert swapped.describe(0) == source.describe(0)
    assert swapped.in_memory == source.in_memory
