"""Tests of burnish.data.augment.reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from burnish.common.errors import InputError
from burnish.data.augment.operation import Operation
from burnish.data.augment.reading import read_operation, read_operations


@dataclass(frozen=True, kw_only=True)
class Stir(Operation):
    """One field of every type that operations have."""

    amount: float = 0.5
    times: int = 1
    spoon: str = "wooden"
    angle: tuple[float, float] = (0.0, 1.0)
    pattern: tuple[tuple[float, ...], ...] | None = None
    name: ClassVar[str] = "stir"


KNOWN = {"stir": Stir}


def test_names_come_with_commas_or_in_a_list():
    assert read_operations("stir, stir", KNOWN) == (Stir(), Stir())
    assert read_operations(["stir"], KNOWN) == (Stir(),)
    assert read_operations([], KNOWN) == ()


def test_a_table_has_a_name_and_fields_which_become_their_types():
    table = {
        "name": "stir",
        "amount": 1,
        "times": 3,
        "spoon": "silver",
        "angle": [0, 90],
        "pattern": [[1, 2]],
        "probability": 1,
    }
    made = read_operation(table, KNOWN)
    assert made == Stir(amount=1.0, times=3, spoon="silver", angle=(0.0, 90.0), pattern=((1.0, 2.0),), probability=1.0)
    assert isinstance(made.amount, float)
    assert hash(made) == hash(read_operation(table, KNOWN))


def test_what_an_operation_says_of_itself_makes_it_again():
    given = Stir(amount=0.25, pattern=((1.0,),))
    assert read_operation(given.to_dict(), KNOWN) == given


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("stirr", r"unknown operation of augmentation 'stirr' \(did you mean 'stir'\?\): expected one of stir"),
        ([{"name": "stir", "amout": 1}], r"stir has no field 'amout' \(did you mean 'amount'\?\)"),
        ([{"name": "stir", "amount": "much"}], "amount of stir must be a number, got 'much'"),
        ([{"name": "stir", "amount": True}], "amount of stir must be a number, got True"),
        ([{"name": "stir", "times": 1.5}], "times of stir must be a whole number, got 1.5"),
        ([{"name": "stir", "spoon": 1}], "spoon of stir must be a text, got 1"),
        ([{"name": "stir", "angle": [1]}], r"angle of stir must be two numbers, low and high, got \[1\]"),
        ([{"name": "stir", "pattern": 1}], "pattern of stir must be rows of numbers, got 1"),
        ([{"name": "stir", "probability": 2}], r"probability of stir must lie in \[0, 1\], got 2"),
        ([{"amount": 1}], "an operation is a name, or a table with a name and fields, got {'amount': 1}"),
        ([3], "an operation is a name, or a table with a name and fields, got 3"),
        (3, "augmentation must be names or a list of operations, got int 3"),
    ],
)
def test_what_cannot_be_read_is_named(spec, message):
    with pytest.raises(InputError, match=message):
        read_operations(spec, KNOWN)
