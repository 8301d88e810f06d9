"""Tests of burnish.verbs.interface.lookup."""

import pytest

from burnish import cli
from burnish.verbs.interface.lookup import load_verb
from burnish.verbs.interface.options import VerbOptions, verb_name


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_has_options_that_bear_its_name_and_a_command(verb):
    options, command = load_verb(verb)
    assert verb_name(options) == verb
    assert issubclass(options, VerbOptions)
    assert callable(command)
