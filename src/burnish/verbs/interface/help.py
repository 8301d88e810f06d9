"""The help page of a verb, drawn from its options dataclass."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from burnish.verbs.interface.options import Option, VerbOptions, descriptions, options_of, verb_name
from burnish.verbs.interface.values import arms, is_flag, is_many

_COLUMN = 30
_PLACEHOLDERS = {int: "N", float: "X", Path: "PATH", str: "TEXT"}


def help_page(cls: type, width: int | None = None) -> str:
    """Usage, what the verb does, and every option with its default, grouped by the dataclass that declares it.

    Args:
        cls: the options dataclass.
        width: characters in a line; the terminal's own by default.

    >>> print(help_page(VerbOptions, 80))
    usage: burnish verb options [options]
    <BLANKLINE>
    Options that every verb has.
    <BLANKLINE>
      --json                      Print exactly one JSON object on stdout;
                                  everything else goes to stderr.
      --help                      Print this page.
    """
    width = width or min(shutil.get_terminal_size().columns, 120)
    told = descriptions(cls)
    options = options_of(cls)
    positional = [option for option in options if option.positional]
    usage = " ".join(["usage: burnish", verb_name(cls), *map(_usage, positional), "[options]"])
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    parts = [usage, *(textwrap.fill(" ".join(paragraph.split()), width) for paragraph in paragraphs)]
    if positional:
        parts.append("\n".join(_row(option.name.upper(), option, told, width) for option in positional))
    for group in _groups(cls, options):
        named = [option for option in options if option.group is group and not option.positional]
        rows = [_row(_spelling(option), option, told, width) for option in named]
        if group is VerbOptions:
            rows.append(_wrapped("--help", "Print this page.", width))
        if group not in (cls, VerbOptions):
            rows.insert(0, (group.__doc__ or group.__name__).split("\n")[0].rstrip(".") + ":")
        if rows:
            parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _groups(cls: type, options: tuple[Option, ...]) -> list[type]:
    """The verb's own options first, the ones that every verb has last."""
    order = [cls, *dict.fromkeys(option.group for option in options)]
    return sorted(dict.fromkeys(order), key=lambda group: group is VerbOptions and group is not cls)


def _usage(option: Option) -> str:
    name = option.name.upper() + (" ..." if is_many(option.annotation) else "")
    return name if option.required else f"[{name}]"


def _spelling(option: Option) -> str:
    bare = option.flag[2:]
    if is_flag(option.annotation):
        if option.default is True:
            return f"--no-{bare}"
        return option.flag if option.default is False else f"--[no-]{bare}"
    return f"{option.flag} {_placeholder(option.annotation)}"


def _placeholder(annotation: Any) -> str:
    for arm in arms(annotation):
        origin = get_origin(arm)
        if origin is Literal:
            return "NAME"
        if origin is dict:
            return "NAME=VALUE"
        if origin in (tuple, list):
            inner = [item for item in get_args(arm) if item is not Ellipsis]
            placeholder = _PLACEHOLDERS.get(inner[0], "VALUE")
            if inner[0] is Path:
                return f"{placeholder} ..."
            return f"{placeholder},..." if inner[0] in (int, float) else placeholder
        if arm in _PLACEHOLDERS:
            return _PLACEHOLDERS[arm]
    return "VALUE"


def _row(spelling: str, option: Option, told: dict[str, str], width: int) -> str:
    text = told.get(option.name, "")
    choices = [str(choice) for arm in arms(option.annotation) if get_origin(arm) is Literal for choice in get_args(arm)]
    is_open = bool(set(arms(option.annotation)) & set(_PLACEHOLDERS))  # a choice beside any number is told in the text
    if choices and not is_open:
        text += f" One of {', '.join(choices)}."
    if not option.required and not is_flag(option.annotation) and option.default not in (None, (), [], {}, ""):
        text += f" [{option.default}]"
    return _wrapped(spelling, text.strip(), width)


def _wrapped(spelling: str, text: str, width: int) -> str:
    head = f"  {spelling}"
    lines = textwrap.wrap(text, max(width - _COLUMN, 30)) or [""]
    if len(head) > _COLUMN - 2:
        return "\n".join([head, *(" " * _COLUMN + line for line in lines)])
    return "\n".join([head.ljust(_COLUMN) + lines[0], *(" " * _COLUMN + line for line in lines[1:])]).rstrip()
