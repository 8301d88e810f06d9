"""Tests of burnish.data.statistics."""

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import Data, Schema, TensorSource
from burnish.data.statistics import image_statistics, statistics, table_statistics, vector_statistics
from burnish.data.text import TextSource


def test_images_are_summed_up_by_channel():
    images = torch.randint(0, 256, (1500, 3, 5, 4), dtype=torch.uint8)
    found = image_statistics(TensorSource(images))
    expected = images.double() / 255
    torch.testing.assert_close(found.mean, expected.mean((0, 2, 3)).float())
    torch.testing.assert_close(found.std, expected.std((0, 2, 3), correction=0).float())


def test_a_limit_takes_a_sample_that_is_the_same_every_time():
    images = torch.rand(400, 1, 2, 2)
    one, same = (image_statistics(TensorSource(images), limit=50) for _ in range(2))
    assert torch.equal(one.mean, same.mean)
    assert one.mean.item() != pytest.approx(images.mean().item(), abs=1e-7)
    assert one.mean.item() == pytest.approx(0.5, abs=4 * 0.29 / 200**0.5)  # 4 standard errors


class Watched(TensorSource):
    """Remembers the most that was ever asked for at once."""

    largest = 0

    def gather(self, index):
        inputs, targets = super().gather(index)
        self.largest = max(self.largest, inputs.nbytes)
        return inputs, targets


def test_large_images_are_gathered_a_few_at_a_time():
    source = Watched(torch.randint(0, 256, (100, 3, 160, 160), dtype=torch.uint8))
    found = image_statistics(source)
    assert 2**20 < source.largest <= 4 * 2**20
    torch.testing.assert_close(found.mean, (source.inputs.double() / 255).mean((0, 2, 3)).float())


@pytest.mark.parametrize("room", [1, 400, 10_000])
def test_the_size_of_the_parts_changes_nothing(monkeypatch, room):
    images = torch.rand(50, 2, 4, 5) + torch.tensor([0.0, 1e3]).view(2, 1, 1)
    whole = image_statistics(TensorSource(images))
    monkeypatch.setattr("burnish.data.statistics._CHUNK_BYTES", room)
    parts = image_statistics(TensorSource(images))
    assert torch.equal(parts.mean, whole.mean)
    assert torch.equal(parts.std, whole.std)


def test_missing_values_are_left_out_of_a_columns_statistics():
    rows = torch.randn(3000, 3) * torch.tensor([1.0, 1e-3, 50.0]) + torch.tensor([0.0, 1e4, -3.0])
    rows[torch.rand(3000, 3) < 0.2] = torch.nan
    found = table_statistics(TensorSource(rows))
    torch.testing.assert_close(found.mean, torch.from_numpy(np.nanmean(rows.double().numpy(), 0)).float())
    torch.testing.assert_close(found.std, torch.from_numpy(np.nanstd(rows.double().numpy(), 0)).float())


def test_constant_and_empty_columns_have_std_one():
    rows = torch.tensor([[0.1, torch.nan], [0.1, torch.nan], [0.1, torch.nan]])
    found = vector_statistics(TensorSource(rows))
    assert found.std.tolist() == [1.0, 1.0]
    assert found.mean.tolist() == pytest.approx([0.1, 0.0])


@pytest.mark.parametrize(
    ("kind", "inputs", "length"), [("image", (9, 2, 4, 4), 2), ("table", (9, 5), 5), ("points", (9, 3), 3)]
)
def test_the_kind_of_data_decides(kind, inputs, length):
    source = TensorSource(torch.rand(*inputs))
    found = statistics(Data("any", Schema(kind, "generation", inputs[1:]), source, source, source))
    assert found.mean.shape == found.std.shape == (length,)


def test_text_has_no_statistics():
    source = TextSource(torch.arange(10), 2)
    assert statistics(Data("any", Schema("text", "language-modelling", (2,)), source, source, source)) is None


def test_an_empty_training_split_is_named():
    with pytest.raises(InputError, match="the training split is empty"):
        table_statistics(TensorSource(torch.empty(0, 2)))
