"""Work done in a thread while its results are used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True)
class _End:
    """The last thing to come out of the thread: why there is no more."""

    error: BaseException | None


def ahead(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items in the same order, made in a thread while the caller works on those before.

    At most ``depth`` finished items wait, and one more is being made. An error of ``items`` comes out where the item
    would have. Leaving early, or the end, waits for the item in the making and ends the thread. It uses one core:
    several would only take turns with training.

    Args:
        items: made one by one; nobody else may use it meanwhile.
        depth: finished items that may wait.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    finished: queue.Queue[T | _End] = queue.Queue(depth)
    left = threading.Event()
    threads = torch.get_num_threads()
    started = threading.Event()

    def make() -> None:
        # What a thread sets for itself is also what later ones begin with, so the caller sets its own number again
        # afterwards; torch looks a thread's number up once, which has to happen before that.
        torch.set_num_threads(1)
        torch.get_num_threads()
        started.set()
        end = _End(None)
        try:
            for item in items:
                finished.put(item)
                if left.is_set():
                    break
        except BaseException as error:  # all of them belong to the caller
            end = _End(error)
        finished.put(end)

    thread = threading.Thread(target=make, name="burnish-ahead", daemon=True)
    thread.start()
    started.wait()
    torch.set_num_threads(threads)
    try:
        while not isinstance(item := finished.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()
        while thread.is_alive():
            with suppress(queue.Empty):
                finished.get_nowait()  # the thread may be waiting to put something
            thread.join(0.01)
