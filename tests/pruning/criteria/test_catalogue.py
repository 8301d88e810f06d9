"""Tests of burnish.pruning.criteria.catalogue."""

import pytest

from burnish.common.errors import InputError
from burnish.pruning.criteria import L1, Taylor, create, names


def test_every_name_makes_its_criterion():
    assert "random" in names()
    assert [create(name).name for name in names()] == names()


def test_options_reach_the_criterion():
    assert create("l1", consumers=True) == L1(consumers=True)
    assert create("taylor", measure="absolute") == Taylor(measure="absolute")


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(InputError, match=r"unknown criterion 'tailor' \(did you mean 'taylor'\?\): expected one of"):
        create("tailor")


def test_an_unknown_option_gets_a_hint():
    with pytest.raises(InputError, match=r"'l1' has no option 'consumer' \(did you mean 'consumers'\?\): it takes con"):
        create("l1", consumer=True)
    with pytest.raises(InputError, match=r"'mean-activation' has no option 'seed': it takes none"):
        create("mean-activation", seed=1)
