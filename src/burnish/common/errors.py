"""The errors that burnish raises on purpose, and the wording they share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BurnishError(Exception):
    """Base of every error that burnish raises on purpose: one clear line, meant for the user."""


class InputError(BurnishError, ValueError):
    """Something the user gave cannot be used. The command line prints it as one line and exits with 2."""


class CheckpointError(BurnishError):
    """A checkpoint is truncated, altered, or holds something that is not plain data."""


class NonFiniteLossError(BurnishError):
    """The loss became NaN or infinite; the message names the step, the place and what to try."""


class Interrupted(BurnishError):  # noqa: N818 - not a fault: the user asked for it
    """The user pressed Ctrl-C; what was done so far is saved."""


class PeerError(BurnishError):
    """Another process of the same run failed and says why; this one stops without a word."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """A hint that names the closest choice, or an empty string.

    >>> did_you_mean("adma", ["adam", "sgd"])
    " (did you mean 'adam'?)"
    >>> did_you_mean("zzz", ["adam", "sgd"])
    ''
    """
    close = difflib.get_close_matches(name.lower(), list(choices), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def unknown(what: str, name: str, choices: Iterable[str]) -> InputError:
    """The error for a name that is not in a list of names.

    >>> print(unknown("optimizer", "adma", ["sgd", "adam"]))
    unknown optimizer 'adma' (did you mean 'adam'?): expected one of adam, sgd
    """
    known = sorted(choices)
    return InputError(f"unknown {what} '{name}'{did_you_mean(name, known)}: expected one of {', '.join(known)}")
