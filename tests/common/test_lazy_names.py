"""Tests of burnish.common.lazy_names."""

import subprocess
import sys

import pytest

from burnish.common.lazy_names import lazy_names

AREAS = [
    "attacks",
    "data",
    "defences",
    "defences.detectors",
    "defences.preprocessing",
    "layers",
    "pruning",
    "reporting",
    "runs",
    "tasks",
]


def test_a_name_is_found_where_it_lives_and_listed_with_the_rest():
    find, names = lazy_names("burnish.common", {"unknown": "errors"})
    assert find("unknown") is __import__("burnish.common.errors", fromlist=["unknown"]).unknown
    assert {"unknown", "__doc__"} <= set(names())
    assert names() == sorted(names())


def test_another_name_is_no_attribute():
    find, _ = lazy_names("burnish.common", {"unknown": "errors"})
    with pytest.raises(AttributeError, match=r"module 'burnish.common' has no attribute 'nothing'"):
        find("nothing")


@pytest.mark.parametrize("area", AREAS)
def test_every_public_name_of_an_area_is_there_and_none_of_its_files_is_imported_before(area):
    program = (
        f"import sys, burnish.{area} as area\n"
        "before = {m for m in sys.modules if m.startswith(area.__name__ + '.')}\n"
        "assert not before, before\n"
        "assert set(area.__all__) <= set(dir(area))\n"
        "assert all(getattr(area, name) is not None for name in area.__all__)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
