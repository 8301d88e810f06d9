"""Tests of burnish.reporting.settings."""

from burnish.reporting.settings import by_section, flat, plain


def test_nested_names_are_joined_by_dots():
    assert list(flat({"a": {"b": {"c": 1}}, "d": 2})) == [("a.b.c", 1), ("d", 2)]


def test_an_empty_table_stays_visible():
    assert list(flat({"options": {}})) == [("options", {})]


def test_a_table_without_options_is_left_out_of_the_config():
    assert list(by_section({"task": {"options": {}}, "model": {"name": "mlp", "options": {}}})) == [
        ("model", [("name", "mlp")])
    ]


def test_a_config_without_loose_options_has_no_run_section():
    assert list(by_section({"fit": {"epochs": 3}})) == [("fit", [("epochs", "3")])]


def test_text_is_shown_without_quotes_and_lists_with_brackets():
    assert (plain("a b"), plain([1, "x"]), plain(True), plain(None)) == ("a b", '[1, "x"]', "true", "—")
