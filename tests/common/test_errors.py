"""Tests of burnish.common.errors."""

import inspect

import pytest

from burnish.common import errors
from burnish.common.errors import BurnishError, InputError, did_you_mean, unknown


def test_every_error_on_purpose_has_one_base():
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert InputError in found
    assert all(issubclass(kind, BurnishError) for kind in found)


def test_bad_input_is_a_value_error():
    with pytest.raises(ValueError, match="too large"):
        raise InputError("too large")


def test_the_closest_name_is_proposed_whatever_the_case():
    assert did_you_mean("ADMA", ["sgd", "adam"]) == " (did you mean 'adam'?)"


def test_nothing_is_proposed_where_nothing_is_close():
    assert did_you_mean("transformer", ["sgd", "adam"]) == ""
    assert did_you_mean("sgd", []) == ""


def test_an_unknown_name_lists_what_is_known_in_order():
    error = unknown("schedule", "cosin", {"step": 1, "cosine": 2})
    assert isinstance(error, InputError)
    assert str(error) == "unknown schedule 'cosin' (did you mean 'cosine'?): expected one of cosine, step"
