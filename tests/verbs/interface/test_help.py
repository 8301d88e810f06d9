"""Tests of burnish.verbs.interface.help."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from burnish.verbs.interface.help import help_page
from burnish.verbs.interface.options import RunFolderOptions


@dataclass(frozen=True, kw_only=True)
class Training:
    """How to train."""

    optimizer: Literal["adam", "sgd"] = "adam"
    """Update rule."""
    hidden: tuple[int, ...] = (64, 32)
    """Widths of the hidden layers."""
    compile: bool = True
    """Compile the model."""
    channels_last: bool | None = None
    """Memory layout."""
    with_options: dict[str, Any] = field(default_factory=dict)
    """Options of the model."""
    beside: tuple[Path, ...] = ()
    """Other runs."""


@dataclass(frozen=True, kw_only=True)
class Predict(Training, RunFolderOptions):
    """Apply a run to new samples.

    Nothing is trained.
    """

    run: Path = field(metadata={"positional": True})
    """Folder of the run."""
    files: tuple[Path, ...] = field(default=(), metadata={"positional": True})
    """New samples."""
    a_name_that_is_longer_than_its_column: int = 3
    """A number."""


def test_every_option_is_spelt_as_it_is_typed():
    page = help_page(Predict, 100)
    assert page.startswith("usage: burnish predict RUN [FILES ...] [options]\n\nApply a run to new samples.\n\nNothing")
    for spelling in [
        "  --optimizer NAME            Update rule. One of adam, sgd. [adam]\n",
        "  --hidden N,...              Widths of the hidden layers. [(64, 32)]\n",
        "  --no-compile                Compile the model.\n",
        "  --[no-]channels-last        Memory layout.\n",
        "  --with-options NAME=VALUE   Options of the model.\n",
        "  --beside PATH ...           Other runs.\n",
        f"  --a-name-that-is-longer-than-its-column N\n{' ' * 30}A number. [3]\n",
        "  --out PATH                  Folder that the run's own folder is made in. [runs]\n",
        "  --help                      Print this page.",
    ]:
        assert spelling in page


def test_groups_carry_the_line_of_their_dataclass_and_the_verb_s_own_come_first():
    page = help_page(Predict, 100)
    assert page.index("--a-name") < page.index("How to train:") < page.index("--optimizer") < page.index("--json")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, help_page(Predict, width).splitlines())) <= width
