"""Tests of burnish.reporting.templating."""

import jinja2
import pytest

from burnish.common.errors import InputError
from burnish.reporting.templating import environment, write_page


def test_what_is_put_in_is_escaped_and_code_is_marked():
    made = environment().from_string("{{ text | code }} {{ share | percent }}")
    assert made.render(text="<b> `x`", share=0.5) == "&lt;b&gt; <code>x</code> 50.0 %"


def test_a_missing_name_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        environment().from_string("{{ nothing }}").render()


def test_a_page_makes_its_folders(tmp_path):
    page = write_page(tmp_path / "a" / "b.html", "text")
    assert page.read_text() == "text"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write '.*': .*; choose a folder that can be written to"):
        write_page(tmp_path / "file" / "page.html", "text")
