"""Tests of burnish.tasks.show."""

import torch

from burnish.data.batch import Batch
from burnish.data.schema import Column, Schema
from burnish.tasks.show import show_input


def one(sample: torch.Tensor) -> Batch:
    return Batch(torch.stack([torch.zeros_like(sample), sample]), None, torch.arange(2))


def test_an_image_is_a_picture_of_bytes_with_its_channels_last():
    image = torch.rand(3, 4, 5) * 1.5 - 0.2  # an attack may leave [0, 1] a little
    picture = show_input(Schema("image", "classification", (3, 4, 5)), one(image), 1).picture
    assert picture.dtype == torch.uint8
    assert torch.equal(picture, (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0))


def test_a_text_is_spelt_in_its_own_symbols():
    schema = Schema("text", "language-modelling", (4,), vocabulary=("\n", "é", "x"))
    assert show_input(schema, one(torch.tensor([2, 1, 0, 2])), 1).text == "xé\nx"


def test_a_row_has_its_columns_with_gaps_and_categories_in_words():
    columns = (
        Column("age", "numeric"),
        Column("income", "numeric", missing=True),
        Column("city", "categorical", ("Bonn", "Köln")),
        Column("street", "categorical", ("A", "B")),
    )
    sample = torch.tensor([41.5, torch.nan, 1.0, -1.0])
    shown = show_input(Schema("table", "classification", (4,), columns=columns), one(sample), 1)
    assert shown.row == {"age": "41.5", "income": "missing", "city": "Köln", "street": "not seen in training"}


def test_points_are_their_first_numbers():
    shown = show_input(Schema("points", "generation", (20,)), one(torch.full((20,), 0.123456)), 1)
    assert shown.text == ", ".join(["0.1235"] * 16)
