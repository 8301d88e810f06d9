"""Tests of burnish.data.loaders.ahead."""

import threading
import time

import pytest
import torch

from burnish.data.loaders.ahead import ahead


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "burnish-ahead"]


def made(count, log, error=None):
    for number in range(count):
        log.append(number)
        yield number
    if error is not None:
        raise error


def wait_for(condition):
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_items_come_in_their_order_and_no_thread_is_left():
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert threads() == []


def test_the_next_item_is_made_while_one_is_used_but_not_many():
    log = []
    items = ahead(made(100, log), depth=2)
    assert next(items) == 0
    assert wait_for(lambda: len(log) == 4)  # one in use, two wait, one more is made and cannot be put
    time.sleep(0.05)
    assert len(log) == 4
    items.close()


def test_an_error_comes_out_where_the_item_would_have():
    items = ahead(made(3, [], ValueError("spoilt")))
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="spoilt"):
        next(items)
    assert threads() == []


def test_leaving_early_ends_the_thread():
    log = []
    for item in ahead(made(10_000, log)):
        if item == 3:
            break
    assert threads() == []
    assert len(log) < 10


def test_an_error_of_the_caller_ends_the_thread():
    def use():
        for _ in ahead(made(10_000, [])):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert threads() == []


def test_the_thread_uses_one_core_and_the_caller_keeps_its_own():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inside = list(ahead(torch.get_num_threads() for _ in range(3)))
        assert inside == [1, 1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_nothing_is_made_before_the_first_item_is_asked_for():
    log = []
    items = ahead(made(3, log))
    time.sleep(0.02)
    assert log == []
    items.close()
