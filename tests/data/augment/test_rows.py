"""Tests of burnish.data.augment.rows."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import load
from burnish.data.augment.draws import Draws
from burnish.data.augment.rows import OPERATIONS, RowAugmentation, RowMask, RowNoise, RowSwap, parse_rows
from burnish.data.schema import Column, Schema
from burnish.data.source import TensorSource

NAN = float("nan")
SCHEMA = Schema(
    "table",
    "regression",
    (5,),
    columns=(
        Column("size", "numeric"),
        Column("weight", "numeric", missing=True),
        Column("sold", "date"),
        Column("town", "categorical", ("a", "b", "c")),
        Column("colour", "categorical", ("red", "blue"), missing=True),
    ),
)
TRAIN = TensorSource(
    torch.tensor(
        [
            [1.0, 100.0, 20000.0, 0.0, 0.0],
            [3.0, NAN, 20001.0, 2.0, 1.0],
            [5.0, 300.0, 20002.0, 2.0, NAN],
            [7.0, 500.0, 20003.0, 2.0, 1.0],
        ]
    )
)
COUNT = 20_000


def draws(count=COUNT, epoch=0, start=0):
    return Draws(0, epoch, torch.arange(start, start + count))


def changed(*operations, rows=None, epoch=0):
    rows = TRAIN.inputs[:1].expand(COUNT, -1) if rows is None else rows
    return RowAugmentation(operations).prepared(SCHEMA, TRAIN).batch(rows, draws(len(rows), epoch))


def share_error(share, count=COUNT):
    """Four standard errors of a share."""
    return 4 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize(
    "operation", [RowNoise(std=0.0), RowMask(share=0.0), RowSwap(share=0.0), RowSwap(probability=0)]
)
def test_nothing_changes_at_zero_magnitude(operation):
    assert torch.equal(changed(operation, rows=TRAIN.inputs).nan_to_num(-9), TRAIN.inputs.nan_to_num(-9))


def test_noise_has_the_scale_of_its_column():
    noise = changed(RowNoise(std=0.2))[:, :2] - TRAIN.inputs[0, :2]
    present = TRAIN.inputs[:, 1][~TRAIN.inputs[:, 1].isnan()]
    expected = 0.2 * torch.stack([TRAIN.inputs[:, 0].std(correction=0), present.std(correction=0)])
    assert torch.allclose(noise.std(dim=0) / expected, torch.ones(2), atol=4 / math.sqrt(2 * COUNT))
    assert torch.allclose(noise.mean(dim=0) / expected, torch.zeros(2), atol=4 / math.sqrt(COUNT))
    assert abs(torch.corrcoef(noise.T)[0, 1].item()) < 4 / math.sqrt(COUNT)


def test_noise_leaves_dates_categories_and_gaps():
    rows = changed(RowNoise(std=1.0), rows=TRAIN.inputs)
    assert torch.equal(rows[:, 2:4], TRAIN.inputs[:, 2:4])
    assert torch.equal(rows.isnan(), TRAIN.inputs.isnan())
    assert not torch.equal(rows[:, 0], TRAIN.inputs[:, 0])


def test_a_hidden_value_is_what_its_column_allows():
    rows = changed(RowMask(share=1.0))
    assert bool((rows[:, 0] == 4.0).all())  # the mean: no gaps in training
    assert bool(rows[:, 1].isnan().all())
    assert bool((rows[:, 2] == 20001.5).all())
    assert set(rows[:, 3].tolist()) == {0.0, 2.0}
    assert bool(rows[:, 4].isnan().all())


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_every_value_is_hidden_with_the_given_chance(share):
    hidden = changed(RowMask(share=share))[:, [0, 1, 2]] != TRAIN.inputs[0, [0, 1, 2]]
    assert torch.allclose(hidden.double().mean(dim=0), torch.full((3,), share).double(), atol=share_error(share))
    both = (hidden[:, 0] & hidden[:, 1]).double().mean().item()
    assert both == pytest.approx(share**2, abs=share_error(share**2))  # independent of each other


def test_swapped_values_have_the_distribution_of_their_column():
    rows = changed(RowSwap(share=1.0))
    for value in (1.0, 3.0, 5.0, 7.0):
        assert (rows[:, 0] == value).double().mean().item() == pytest.approx(0.25, abs=share_error(0.25))
    assert (rows[:, 3] == 2.0).double().mean().item() == pytest.approx(0.75, abs=share_error(0.75))
    assert rows[:, 1].isnan().double().mean().item() == pytest.approx(0.25, abs=share_error(0.25))
    # Each value comes from a row of its own: only one row in four has both.
    together = ((rows[:, 0] == 1.0) & (rows[:, 2] == 20000.0)).double().mean().item()
    assert together == pytest.approx(1 / 16, abs=share_error(1 / 16))


def test_every_value_is_swapped_with_the_given_chance():
    rows = changed(RowSwap(share=0.4))
    differs = 0.4 * 3 / 4  # one draw in four is the value itself
    assert (rows[:, 0] != 1.0).double().mean().item() == pytest.approx(differs, abs=share_error(differs))


@pytest.mark.parametrize("operation", [RowNoise(), RowMask(share=0.5), RowSwap(share=0.5)])
def test_what_happens_to_a_row_does_not_depend_on_its_batch(operation):
    augmentation = RowAugmentation((operation,)).prepared(SCHEMA, TRAIN)
    rows = TRAIN.inputs[:1].expand(50, -1)
    whole = augmentation.batch(rows, draws(50)).nan_to_num(-9)
    alone = augmentation.batch(rows[:3], draws(3, start=20)).nan_to_num(-9)
    other_epoch = augmentation.batch(rows, draws(50, epoch=1)).nan_to_num(-9)
    assert torch.equal(alone, whole[20:23])
    assert not torch.equal(other_epoch, whole)
    assert not torch.equal(whole[0], whole[1])


def test_an_operation_happens_with_its_probability():
    rows = changed(RowMask(share=1.0, probability=0.3))
    happened = (rows[:, 0] == 4.0).double().mean().item()
    assert happened == pytest.approx(0.3, abs=share_error(0.3))
    assert torch.equal(rows[:, 0] == 4.0, rows[:, 1].isnan())  # to whole rows


def test_two_of_the_same_operation_draw_apart():
    rows = changed(RowMask(share=0.5), RowMask(share=0.5))
    assert (rows[:, 0] == 4.0).double().mean().item() == pytest.approx(0.75, abs=share_error(0.75))


def test_given_rows_and_the_training_split_are_not_changed():
    before = TRAIN.inputs.clone()
    changed(RowNoise(), RowMask(share=0.5), RowSwap(share=0.5), rows=TRAIN.inputs)
    assert torch.equal(before.nan_to_num(-9), TRAIN.inputs.nan_to_num(-9))


def test_vectors_without_columns_count_as_numbers():
    data = load("points")
    vectors, _ = data.train.gather(torch.arange(5))
    augmentation = RowAugmentation((RowNoise(), RowMask(), RowSwap())).prepared(data.schema, data.train)
    made = augmentation.batch(vectors, draws(5))
    assert made.shape == vectors.shape
    assert bool(made.isfinite().all())
    assert not torch.equal(made, vectors)


def test_a_table_takes_them_as_it_is_loaded():
    data = load("wine")
    rows, _ = data.train.gather(torch.arange(100))
    made = RowAugmentation((RowSwap(share=1.0),)).prepared(data.schema, data.train).batch(rows, draws(100))
    held, _ = data.train.gather(torch.arange(len(data.train)))
    assert all(set(made[:, column].tolist()) <= set(held[:, column].tolist()) for column in range(rows.shape[1]))


def test_the_same_comes_out_after_moving_to_a_device():
    augmentation = RowAugmentation((RowNoise(), RowSwap())).prepared(SCHEMA, TRAIN)
    rows = TRAIN.inputs[:1].expand(9, -1)
    moved = augmentation.to(torch.device("cpu"))
    assert torch.equal(moved.batch(rows, draws(9)), augmentation.batch(rows, draws(9)))


def test_operations_are_known_by_name_and_recorded():
    assert sorted(OPERATIONS) == ["mixup", "row-mask", "row-noise", "row-swap"]
    assert RowAugmentation((RowNoise(std=0.5),)).to_list() == [{"name": "row-noise", "probability": 1.0, "std": 0.5}]
    assert not RowAugmentation()


def test_plain_data_make_the_same_operations_again():
    given = RowAugmentation((RowNoise(std=0.5, probability=0.25), RowMask(), RowSwap(share=0.2)))
    assert parse_rows(given.to_list()) == given
    assert parse_rows("row-noise, row-swap") == RowAugmentation((RowNoise(), RowSwap()))
    with pytest.raises(InputError, match=r"unknown operation of augmentation 'row-nois'.*did you mean 'row-noise'"):
        parse_rows("row-nois")


def test_rows_that_cannot_be_mixed_are_refused_when_it_is_prepared():
    with pytest.raises(InputError, match="mixup takes means of numbers, but column 'town' holds categories"):
        parse_rows("row-noise,mixup").prepared(SCHEMA, TRAIN)


def test_it_must_be_prepared_with_rows():
    augmentation = RowAugmentation((RowNoise(),))
    with pytest.raises(InputError, match="need the training split: prepare the augmentation"):
        augmentation.batch(TRAIN.inputs, draws(4))
    with pytest.raises(InputError, match=r"rows of tables can be changed by row-noise, .* but this is image data"):
        augmentation.prepared(Schema("image", "classification", (1, 2, 2)), TRAIN)
    with pytest.raises(InputError, match=r"must have the 5 columns of the training split, got \(4, 2\)"):
        augmentation.prepared(SCHEMA, TRAIN).batch(torch.zeros(4, 2), draws(4))


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (RowNoise, {"std": -1.0}, "std of row-noise must be 0 or more, got -1.0"),
        (RowMask, {"share": 1.5}, r"share of row-mask must lie in \[0, 1\], got 1.5"),
        (RowSwap, {"share": -0.5}, r"share of row-swap must lie in \[0, 1\], got -0.5"),
        (RowSwap, {"probability": 2.0}, r"probability of row-swap must lie in \[0, 1\], got 2.0"),
    ],
)
def test_values_outside_their_range_are_named(kind, given, message):
    with pytest.raises(InputError, match=message):
        kind(**given)
