"""Tests of burnish.data.arrays.arrays."""

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.arrays.arrays import as_tensor, load_arrays, load_npz
from burnish.data.options import DataOptions
from burnish.data.source import TensorSource


def arrays(given, seed=0, **options):
    return load_arrays(given, DataOptions(**options), seed)


def everything(source):
    return source.gather(torch.arange(len(source)))


def test_rows_with_targets_are_a_table():
    data = arrays((np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 2))
    assert (data.schema.kind, data.schema.goal, data.schema.input_shape) == ("table", "classification", (3,))
    assert [column.name for column in data.schema.columns] == ["f0", "f1", "f2"]
    assert data.schema.classes == ("0", "1")
    assert [len(split) for split in (data.train, data.validation, data.test)] == [35, 5, 10]
    assert everything(data.train)[0].dtype == torch.float32


def test_a_column_with_gaps_says_so():
    rows = torch.randn(20, 3)
    rows[:, 1] = torch.nan
    assert [column.missing for column in arrays((rows, torch.randn(20))).schema.columns] == [False, True, False]


def test_rows_without_targets_are_points():
    data = arrays(torch.randn(20, 2))
    assert (data.schema.kind, data.schema.goal) == ("points", "generation")
    inputs, targets = everything(data.train)
    assert torch.equal(inputs, targets)


def test_float_targets_mean_regression():
    data = arrays((torch.randn(20, 2), torch.randn(20)))
    assert (data.schema.goal, data.schema.num_outputs) == ("regression", 1)


def test_splits_that_are_given_are_kept_and_the_others_taken_from_train():
    x, y = torch.arange(40.0).view(20, 2), torch.arange(20) % 2
    data = arrays({"train": (x, y), "test": (x[:4], y[:4])})
    assert torch.equal(everything(data.test)[0], x[:4])
    assert [len(split) for split in (data.train, data.validation, data.test)] == [18, 2, 4]


def test_bytes_floats_and_channels_last_give_the_same_images():
    pixels = torch.randint(0, 256, (10, 3, 6, 5), dtype=torch.uint8)
    labels = torch.arange(10) % 2
    as_bytes = arrays((pixels, labels))
    as_floats = arrays((pixels.double() / 255, labels))
    turned = arrays((pixels.permute(0, 2, 3, 1).numpy(), labels))
    for data in (as_bytes, as_floats, turned):
        assert (data.schema.kind, data.schema.input_shape) == ("image", (3, 6, 5))
        torch.testing.assert_close(everything(data.train)[0], everything(as_bytes.train)[0])
    assert any("(samples, H, W, C)" in note for note in turned.notes)


def test_grey_bytes_get_their_channel():
    assert arrays((torch.zeros(6, 4, 4, dtype=torch.uint8), torch.arange(6) % 2)).schema.input_shape == (1, 4, 4)


@pytest.mark.parametrize("offset", [-0.5, 0.5])
def test_float_images_outside_the_unit_interval_are_named(offset):
    images = torch.linspace(0, 1, 4 * 3 * 2 * 2).view(4, 3, 2, 2) + offset
    with pytest.raises(InputError, match=r"the train inputs are float images from .*: pixels must lie in \[0, 1\]"):
        arrays((images, torch.arange(4)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((torch.zeros(5, 2), torch.zeros(4).long()), "inputs and targets differ in length: 5 inputs .* 4 targets"),
        ((torch.zeros(5), torch.zeros(5)), r"the train inputs have shape \(5,\): expected images .* or rows"),
        ((torch.zeros(5, 3, 2, 2).int(), torch.zeros(5)), "the train inputs are images of torch.int32: expected uint8"),
        ((torch.full((5, 2), torch.inf), torch.zeros(5)), "the train inputs have infinite values"),
        (torch.full((5, 2), torch.nan), "the inputs have NaN: points to generate must be whole"),
        ((np.array([["a"], ["b"]]), [0, 1]), "the train inputs are ndarray of <U1: expected a tensor or array"),
        (([[1.0], [1.0, 2.0]], [0, 1]), "the train inputs are ragged"),
        ((torch.zeros(1, 1),) * 3, r"expected inputs and targets, \(x, y\), got 3 things"),
        ({"trian": torch.zeros(2, 1)}, "unknown split 'trian': expected train, validation or test"),
        ({"test": torch.zeros(2, 1)}, "there is no split 'train' among test"),
        (
            {"train": (torch.zeros(2, 1), [0, 1]), "test": torch.zeros(2, 1)},
            "some splits have targets and some have none",
        ),
        (
            {"train": torch.zeros(2, 1), "test": torch.zeros(2, 3)},
            r"samples of the splits differ in shape: \(1,\), \(3,\)",
        ),
        (torch.zeros(0, 2), "there are no samples to split"),
    ],
)
def test_arrays_that_cannot_be_used_are_named(given, message):
    with pytest.raises(InputError, match=message):
        arrays(given)


def test_an_array_that_cannot_be_written_is_copied_not_warned_about():
    array = np.arange(3.0)
    array.setflags(write=False)
    assert as_tensor(array, "x").tolist() == [0.0, 1.0, 2.0]
    assert as_tensor(array.astype(">f8"), "x").tolist() == [0.0, 1.0, 2.0]


def test_an_npz_with_x_and_y_is_read(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(10), y=np.arange(10) % 2)
    data = load_npz(tmp_path / "a.npz", DataOptions(), 0)
    assert (data.name, data.origin) == ("a", str(tmp_path / "a.npz"))
    assert len(data.train) == 7


def test_an_npz_with_splits_is_read(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=np.eye(10), y_train=np.arange(10) % 2, x_test=np.eye(10)[:3], y_test=[0, 1, 0])
    data = load_npz(tmp_path / "a.npz", DataOptions(), 0)
    assert isinstance(data.test, TensorSource)
    assert len(data.test) == 3


def test_an_npz_without_x_names_what_it_has(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.eye(2), labels=np.arange(2))
    with pytest.raises(InputError, match=r"a\.npz holds images, labels: expected x and y, or x_train"):
        load_npz(tmp_path / "a.npz", DataOptions(), 0)


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code from a pickle was run')",))


def test_an_npz_with_a_pickle_in_it_is_refused_and_not_run(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(2), y=np.array([Bomb(), None], dtype=object))
    with pytest.raises(InputError, match=r"the array 'y' in .* holds Python objects, which is refused"):
        load_npz(tmp_path / "a.npz", DataOptions(), 0)


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"nothing of the kind"])
def test_a_damaged_npz_is_named(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz is not a whole \.npz file"):
        load_npz(tmp_path / "a.npz", DataOptions(), 0)


def test_a_bare_array_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a\.npz holds one bare array"):
        load_npz(tmp_path / "a.npz", DataOptions(), 0)
