"""The command line: from words to a verb, and from its outcome or error to text and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout, suppress
from typing import TextIO

from burnish.common.errors import BurnishError, InputError, Interrupted, PeerError, did_you_mean

VERBS = {
    "fit": "Train a model on data; makes a run.",
    "evaluate": "Score a run on one split, with intervals.",
    "predict": "Apply a run to new samples.",
    "prune": "Make a model smaller and measurably faster; makes a run.",
    "harden": "Train on attacked samples, so that small changes no longer fool the model; makes a run.",
    "attack": "Change inputs a little until a model errs; say how much accuracy is left.",
    "describe": "Show a model layer by layer: shapes, parameters, operations.",
    "export": "Write a run's model as one file that runs without burnish: ONNX, or for plain PyTorch.",
    "report": "Draw a run as one offline HTML page.",
    "run": "Play a recipe: a list of verbs.",
    "models": "List the models that have a name.",
    "data": "List the data sets that have a name.",
    "data shard": "Write images as tar shards, for data larger than memory.",
    "data preview": "See what augmentation does to images, before a fit pays for it.",
    "data check": "Is this data fit to train on? Findings, and what to do.",
}

BAD_INPUT = 2
INTERRUPTED = 130
READER_GONE = 141

_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Failures of a disk, which are no bugs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: the words after ``burnish``; by default those of this process.

    Returns:
        0 when it worked, 2 for bad input or a full disk (one line on stderr says what and why), 130 when interrupted,
        141 when the reader of the output went away. Any other error is a bug in burnish and is raised as it is.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    name = "burnish"
    try:
        if not words:
            print(overview(), file=sys.stderr)
            return BAD_INPUT
        verb, *rest = words
        if verb in ("-h", "--help", "help"):
            return _print(overview())
        if verb == "--version":
            return _print(_version())
        if rest and f"{verb} {rest[0]}" in VERBS:
            verb = f"{verb} {rest.pop(0)}"
        if verb not in VERBS:
            raise _unknown_verb(verb)
        name = f"burnish {verb}"
        return _run_verb(verb, rest)
    except (Interrupted, KeyboardInterrupt) as reason:
        if _is_first_process():
            _complain(name, str(reason) or "interrupted")
        return INTERRUPTED
    except PeerError:
        return BAD_INPUT
    except BurnishError as error:
        _complain(name, str(error))
        return BAD_INPUT
    except BrokenPipeError:
        _abandon(sys.stdout)
        return READER_GONE
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        where = f" '{error.filename}'" if error.filename else ""
        _complain(name, f"cannot write{where}: {error.strerror}; a run that has checkpoints goes on with --resume RUN")
        return BAD_INPUT


def overview() -> str:
    """What ``burnish --help`` prints: every verb with one line."""
    column = max(map(len, VERBS)) + 2
    lines = [f"  {verb:<{column}}{line}" for verb, line in VERBS.items()]
    return "\n".join(
        [
            "usage: burnish VERB [options]",
            "",
            "Train a PyTorch model, score it, and keep the evidence.",
            "",
            *lines,
            "",
            "'burnish VERB --help' lists the options of a verb; every verb takes --json.",
            "Start with 'burnish run quickstart'.",
        ]
    )


def _run_verb(verb: str, words: list[str]) -> int:
    from burnish.verbs.interface.arguments import parse
    from burnish.verbs.interface.lookup import load_verb

    options_class, command = load_verb(verb)
    own_words = words[: words.index("--")] if "--" in words else words
    if "--help" in own_words or "-h" in own_words:
        from burnish.verbs.interface.help import help_page

        return _print(help_page(options_class))
    try:
        options = parse(options_class, words)
    except InputError as error:
        if _is_first_process():
            raise
        raise PeerError("the first process says what is wrong") from error
    as_json = bool(getattr(options, "json", False))
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        outcome = command(options)
    if not _is_first_process():
        return BAD_INPUT if outcome.failure else 0
    _print(outcome.json() if as_json else outcome.text)
    if outcome.failure:
        raise InputError(outcome.failure)
    return 0


def _is_first_process() -> bool:
    """Whether this process speaks for all that torchrun started."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ.get("RANK", "0") == "0"


def _print(text: str) -> int:
    """Print; a reader that has seen enough (``| head``) is no error."""
    try:
        if text:
            encoding = sys.stdout.encoding or "utf-8"
            print(
                text.encode(encoding, "backslashreplace").decode(encoding), flush=True
            )  # names of files may be any bytes
    except BrokenPipeError:
        _abandon(sys.stdout)
    return 0


def _abandon(stream: TextIO) -> None:
    """Let the interpreter flush into nothing at exit, instead of complaining about a pipe that is gone."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(name: str, text: str) -> None:
    print(f"{name}: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _version() -> str:
    from burnish import __version__

    return f"burnish {__version__}"


def _unknown_verb(verb: str) -> InputError:
    kind = "option" if verb.startswith("-") else "verb"
    return InputError(f"unknown {kind} '{verb}'{did_you_mean(verb, VERBS)}: expected one of {', '.join(VERBS)}")
