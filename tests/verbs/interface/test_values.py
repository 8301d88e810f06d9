"""Tests of burnish.verbs.interface.values."""

from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.verbs.interface.values import arms, convert, is_flag, is_many, read_scalar


@given(st.integers())
def test_whole_numbers_survive_a_shell(number):
    assert convert("n", int, str(number), from_text=True) == number


@given(st.floats(allow_nan=False))
def test_numbers_survive_a_shell(number):
    assert convert("x", float, repr(number), from_text=True) == number


@given(st.text())
def test_texts_survive_a_shell_unchanged(text):
    assert convert("s", str | None, text, from_text=True) == text


@pytest.mark.parametrize(
    ("annotation", "value", "found"),
    [
        (float, 3, 3.0),
        (float, "8/255", 8 / 255),
        (float | None, " 1 / 4 ", 0.25),
        (tuple[float, ...], ["2/4", 0.1], (0.5, 0.1)),
        (str | None, "8/255", "8/255"),
        (Path, "runs", Path("runs")),
        (Path | None, None, None),
        (int, np.int64(3), 3),
        (float, np.float32(0.5), 0.5),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, float], [1, 2], (1, 2.0)),
        (list[str], ("a",), ["a"]),
        (dict[str, Any], {"width": 2}, {"width": 2}),
        (Literal[8, "all"], 8, 8),
        (Annotated[int, "seconds"], 3, 3),
        (Optional[int], None, None),  # noqa: UP045 - the older spelling must work too
        (str | tuple[str, ...], "a", "a"),
    ],
)
def test_a_value_takes_the_type_of_its_option(annotation, value, found):
    converted = convert("option", annotation, value)
    assert converted == found
    assert type(converted) is type(found)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "8", "option expects a whole number, got the text '8'"),
        (int, 8.0, "option expects a whole number, got 8.0"),
        (int, True, "option expects a whole number, got True"),
        (float, "1/0", "option expects a number, got the text '1/0'"),
        (float, "1/2/3", "option expects a number, got the text '1/2/3'"),
        (int, "8/2", "option expects a whole number, got the text '8/2'"),
        (float, "fast", "option expects a number, got the text 'fast'"),
        (float, float("nan"), "option expects a number, got nan"),
        (float, False, "option expects a number, got False"),
        (bool, 1, "option expects true or false, got 1"),
        (str, 3, "option expects a text, got 3"),
        (Path, 3, "option expects a path, got 3"),
        (int, None, "option expects a whole number, got None"),
        (float | None, "x", "option expects a number, got the text 'x'"),
        (tuple[int, ...], [1, "a"], r"option expects whole numbers, got \[1, 'a'\]"),
        (tuple[str, ...], "ab", "option expects texts, got the text 'ab'"),
        (
            Literal["adam", "sgd"],
            "adm",
            r"option expects one of adam, sgd, got the text 'adm' \(did you mean 'adam'\?\)",
        ),
        (Literal[1, 2], True, "option expects one of 1, 2, got True"),
        (str, object(), "option expects a text, got a value of type object"),
    ],
)
def test_another_type_is_named_with_what_was_expected(annotation, value, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        convert("option", annotation, value)


@pytest.mark.parametrize(
    ("annotation", "words", "found"),
    [
        (float | None, "none", None),
        (str | None, "none", "none"),
        (bool, "true", True),
        (tuple[int, ...], ["64", "32"], (64, 32)),
        (dict[str, Any], ["width=2", "init=he", "drop-path=0.1"], {"width": 2, "init": "he", "drop_path": 0.1}),
        (int | str, "3x32x32", "3x32x32"),
        (Literal[8, "all"], "8", 8),
    ],
)
def test_words_of_a_shell_are_read(annotation, words, found):
    assert convert("--option", annotation, words, from_text=True) == found


def test_a_pair_without_an_equals_sign_is_named():
    with pytest.raises(InputError, match=r"^--with expects pairs of name=value, got \['width'\]$"):
        convert("--with", dict[str, Any], ["width"], from_text=True)


def test_a_home_folder_is_expanded():
    assert convert("out", Path, "~/runs") == Path.home() / "runs"


def test_kinds_of_options_are_told_apart():
    assert arms(int | str | None) == (int, str, type(None))
    assert [is_flag(kind) for kind in (bool, bool | None, str, bool | str)] == [True, True, False, False]
    assert [is_many(kind) for kind in (tuple[int, ...], list[str] | None, dict[str, int], int)] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["a\nb = 1", "1\nsteps = 2", "[", "2 # two"])
def test_a_scalar_never_smuggles_in_a_second_key(text):
    assert read_scalar(text) in (text, 2)
