"""Tests of burnish.models.option_values."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pytest

from burnish.common.errors import InputError
from burnish.models.option_values import fit_option


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (3, int, 3),
        (1, float, 1.0),
        ("a", Literal["a", "b"], "a"),
        (None, int | None, None),
        ([64, 32], Sequence[int], (64, 32)),
        ((), Sequence[int], ()),
        (8, Sequence[int], (8,)),
        ("64, 32", Sequence[int], (64, 32)),
        ({"a": "zeros"}, str | Mapping[str, str] | None, {"a": "zeros"}),
        (object, Any, object),
    ],
)
def test_a_fitting_value_comes_out_as_the_builder_wants_it(value, annotation, expected):
    found = fit_option("x", value, annotation)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        (1.5, int, "x must be a whole number, got 1.5"),
        (True, int, "x must be a whole number, got True"),
        ("a", float, "x must be a number, got 'a'"),
        ("c", Literal["a", "b"] | None, "x must be 'a' or 'b' or none, got 'c'"),
        ("a,b", Sequence[int], "x must be whole numbers such as 64,32, got 'a,b'"),
        ([1.5], Sequence[int], "x must be whole numbers such as 64,32"),
        (3, str | Mapping[str, str], "x must be a text or a mapping, got 3"),
    ],
)
def test_a_value_that_does_not_fit_is_named(value, annotation, message):
    with pytest.raises(InputError, match=message):
        fit_option("x", value, annotation)
