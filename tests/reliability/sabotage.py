"""Ways to spoil a run from inside, at a place that a test can name. The driver imports this."""

import errno
import importlib
import io
import os
import resource
import signal

import torch

from burnish.training.observers.observer import Stateless


class AtStep(Stateless):
    """Do something once, after a step."""

    name = "sabotage"

    def __init__(self, step, act):
        self.step, self.act = step, act

    def subscribe(self, engine):
        engine.events.on("step", lambda _engine: self.act(), once=self.step)


def send(number, step, times=1):
    """Send a signal to the own process and its workers after a step, as Ctrl-C in a terminal does."""

    def act():
        for _ in range(times):
            os.killpg(0, number)

    return AtStep(step, act)


def kill_at(step):
    """The power goes, after a step."""
    return AtStep(step, lambda: os.kill(os.getpid(), signal.SIGKILL))


def limit_file_size(size, step):
    """From a step on no file may grow beyond ``size`` bytes."""
    return AtStep(step, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))


def kill_in(function, call, when):
    """The power goes in a numbered call (from 1) of a function, ``before`` or ``after`` its work is done."""
    owner, name = owner_of(function)
    original = getattr(owner, name)
    calls = 0

    def wrapped(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def fill_disk_in(function):
    """The disk is full when a function is called."""
    owner, name = owner_of(function)

    def refuse(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    setattr(owner, name, refuse)


def owner_of(function):
    """The module or class that holds a function, and the function's name in it."""
    path, name = function.rsplit(".", 1)
    try:
        return importlib.import_module(path), name
    except ModuleNotFoundError:
        module, _, class_name = path.rpartition(".")
        return getattr(importlib.import_module(module), class_name), name


def tear(call):
    """The power goes when a numbered torch.save (from 1) has written half of its bytes."""
    original = torch.save
    calls = 0

    def torn(value, file):
        nonlocal calls
        calls += 1
        if calls != call:
            return original(value, file)
        whole = io.BytesIO()
        original(value, whole)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    torch.save = torn
