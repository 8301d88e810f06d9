"""A process that has burnish imported and forks a child for every request, so that no test waits for an import.

One JSON object a line comes in: ``words`` (what a shell would give to burnish), ``cwd``, ``out`` and ``err`` (files for
the streams) and ``sabotage`` (functions of sabotage.py by name, with their arguments). The child's process id is
answered at once, its exit code when it has ended: negative for a signal, as subprocess has it.
"""

import gc
import json
import multiprocessing.util
import os
import sys
import traceback

import numpy.random
import safetensors.torch
import tomli_w
import torch._dynamo  # every optimizer imports it, for a second

import burnish.verbs.fitting.fitting
from burnish import cli

READY = numpy.random, safetensors.torch, tomli_w, torch._dynamo


def serve():
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            end(request)
        answer(child)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(request):
    import sabotage  # beside this script

    for target, (path, flags) in {
        0: (os.devnull, os.O_RDONLY),
        1: (request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        2: (request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    }.items():
        os.dup2(os.open(path, flags, 0o644), target)
    os.chdir(request["cwd"])
    os.setpgid(0, 0)  # what a terminal does, so that Ctrl-C reaches the workers as well
    sys.argv = ["burnish", *request["words"]]
    os.fsync = lambda handle: None  # a killed process loses nothing that it wrote; only waiting is saved here
    observers = [getattr(sabotage, name)(**given) for name, given in request["sabotage"].items()]
    start, go_on = burnish.verbs.fitting.fitting.start, burnish.verbs.fitting.fitting.go_on
    watched = [observer for observer in observers if observer is not None]
    burnish.verbs.fitting.fitting.start = lambda options, data, model, _: start(options, data, model, watched)
    burnish.verbs.fitting.fitting.go_on = lambda options, data, model, _: go_on(options, data, model, watched)


def end(request):
    """What a process of burnish does from beginning to end, without the second that torch takes to be torn down."""
    code = 1
    try:
        become(request)
        code = cli.main(request["words"])
    except Exception:
        traceback.print_exc()
    multiprocessing.util._exit_function()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    serve()
