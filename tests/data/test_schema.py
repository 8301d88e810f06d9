"""Tests of burnish.data.schema."""

import json

import pytest

from burnish.data.schema import Column, Schema


@pytest.mark.parametrize(
    "schema",
    [
        Schema("image", "classification", (3, 8, 8), classes=("cat", "dog")),
        Schema("text", "language-modelling", (16,), vocabulary=("a", "\n", "é")),
        Schema(
            "table",
            "regression",
            (2,),
            target="price",
            columns=(Column("size", "numeric"), Column("town", "categorical", ("York",))),
        ),
    ],
)
def test_a_schema_survives_json(schema):
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_a_model_has_an_output_per_class_or_symbol_else_one():
    assert Schema("image", "classification", (1, 2, 2), classes=("a", "b", "c")).num_outputs == 3
    assert Schema("text", "language-modelling", (4,), vocabulary=("a", "b")).num_outputs == 2
    assert Schema("table", "regression", (4,)).num_outputs == 1
