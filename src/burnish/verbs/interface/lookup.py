"""From the name of a verb to its options and its command."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.verbs.interface.outcome import Outcome


def load_verb(verb: str) -> tuple[type[Any], Callable[[Any], Outcome]]:
    """The options dataclass and the command of a verb; ``data check`` lives in ``verbs/data_check.py``.

    >>> load_verb("fit")[0].__name__
    'Fit'
    """
    words = verb.split()
    module = import_module(f"burnish.verbs.{'_'.join(words)}")
    return getattr(module, "".join(word.capitalize() for word in words)), module.command
