"""When one of two processes fails, both stop, and one of them says why. Run as a script, this file is one of them."""

import os
import sys

import pytest
import torch

from burnish.common.errors import BurnishError, InputError, PeerError
from burnish.training.agreement import lost_contact, one_voice
from burnish.training.distributed import World, gather_objects, join_world, leave_world


def outcome(world, *failing):
    """How a block ends on both ranks when it fails on some."""
    try:
        with one_voice(world):
            if world.rank in failing:
                raise InputError(f"bad luck of {world.rank}")
        said = "through"
    except PeerError as error:
        said = f"silent: {error}"
    except InputError as error:
        said = f"aloud: {error}"
    return gather_objects(said, world)


def main(answer):
    world = join_world()
    found = {str(failing): outcome(world, *failing) for failing in [(), (0,), (1,), (0, 1)]}
    leave_world()
    if world.is_main:
        torch.save(found, answer)


@pytest.fixture(scope="module")
def found(two_processes, tmp_path_factory):
    return two_processes(__file__, tmp_path_factory.mktemp("world"))


def test_all_go_on_together(found):
    assert found["()"] == ["through", "through"]


def test_one_rank_fails_and_says_so_and_the_other_stops_too(found):
    assert found["(0,)"] == ["aloud: bad luck of 0", "silent: process 0 of 2 stopped: bad luck of 0"]
    assert found["(1,)"] == ["silent: process 1 of 2 stopped: bad luck of 1", "aloud: bad luck of 1"]


def test_of_two_that_fail_the_first_speaks(found):
    assert found["(0, 1)"] == ["aloud: bad luck of 0", "silent: process 0 of 2 stopped: bad luck of 0"]


def test_in_a_world_of_one_an_error_is_itself():
    with pytest.raises(InputError, match="mine"), one_voice(World()):
        raise InputError("mine")


def test_a_broken_connection_becomes_a_line():
    broken = RuntimeError("[/x/gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:1")
    with pytest.raises(BurnishError, match="process 1 lost contact with another process"), lost_contact(World(1, 2, 1)):
        raise broken
    with pytest.raises(RuntimeError, match="Connection closed"), lost_contact(World()):
        raise broken


def test_any_other_failure_stays_what_it_is():
    with pytest.raises(RuntimeError, match="shapes do not fit"), lost_contact(World(1, 2, 1)):
        raise RuntimeError("shapes do not fit")


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # see burnish/__main__.py
