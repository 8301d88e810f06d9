"""Words of a shell -> the options dataclass of a verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from burnish.common.errors import InputError, did_you_mean
from burnish.verbs.interface.options import Option, descriptions, options_of, verb_name
from burnish.verbs.interface.values import arms, convert, expected, is_flag, is_many, is_number

T = TypeVar("T")


def parse(cls: type[T], words: Sequence[str]) -> T:
    """Read ``--name value``, ``--name=value``, ``--switch``, ``--no-switch`` and positional words, in any order.

    ``--`` ends the options. An option that holds several numbers takes them with commas (``--hidden 64,32``); one that
    holds several paths takes every word up to the next option (``--transfer-to a b``); one that holds several texts or
    pairs is given again for each. Where an option is given twice, the last one counts.

    Raises:
        InputError: an unknown option, a missing or extra word, or a value of the wrong type: one line that says which.

    >>> from burnish.verbs.interface.options import RunFolderOptions
    >>> parse(RunFolderOptions, ["--json", "--out", "elsewhere"])
    RunFolderOptions(json=True, out=PosixPath('elsewhere'))
    """
    reader = _Reader(cls, list(words))
    reader.read()
    values = reader.values | reader.positional_values()
    for option in options_of(cls):
        if option.required and option.name not in values:
            name = option.name.upper() if option.positional else option.flag
            told = descriptions(cls).get(option.name) or f"expected {expected(option.annotation)}"
            if option.positional and reader.greedy is not None:
                told += f" Write it before {reader.greedy.flag}, which takes every word up to the next option."
            raise InputError(f"{name} is missing: {told}")
    return cls(**values)


@dataclass
class _Reader:
    cls: type
    words: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    positional: list[str] = field(default_factory=list)
    gathered: dict[str, list[str]] = field(default_factory=dict)
    last_many: Option | None = None
    greedy: Option | None = None

    def read(self) -> None:
        flags = {option.flag: option for option in options_of(self.cls) if not option.positional}
        switches = {f"--no-{option.flag[2:]}": option for option in flags.values() if is_flag(option.annotation)}
        while self.words:
            word = self.words.pop(0)
            name, equals, text = word.partition("=")
            if word == "--":
                self.positional += self.words
                return
            if not _is_option(word):
                self.positional.append(word)
            elif name in switches:
                if equals:
                    raise InputError(f"{name} takes no value, got '{text}': write {name} alone")
                self.values[switches[name].name] = False
            elif name in flags:
                self._take(flags[name], text if equals else None)
            else:
                known = [*flags, *switches]
                hint = did_you_mean(name, known) or f": 'burnish {verb_name(self.cls)} --help' lists them"
                raise InputError(f"unknown option '{name}'{hint}")

    def _take(self, option: Option, text: str | None) -> None:
        if is_flag(option.annotation):
            self.values[option.name] = True if text is None else self._convert(option, text)
            return
        if text is None:
            if not self.words or _is_option(self.words[0]):
                raise InputError(
                    f"{option.flag} expects {expected(option.annotation)}, got nothing: write {option.flag} VALUE"
                )
            text = self.words.pop(0)
        if is_many(option.annotation):
            self.last_many = option
            words = self.gathered.setdefault(option.name, [])
            words += _split(option, text)
            if _takes_paths(option.annotation):
                while self.words and not _is_option(self.words[0]):
                    words.append(self.words.pop(0))
                    self.greedy = option
            self.values[option.name] = self._convert(option, words)
        else:
            self.values[option.name] = self._convert(option, text)

    def _convert(self, option: Option, value: Any) -> Any:
        label = option.name.upper() if option.positional else option.flag
        return convert(label, option.annotation, value, from_text=True)

    def positional_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        words = self.positional
        for option in options_of(self.cls):
            if option.positional and words:
                if is_many(option.annotation):
                    values[option.name] = self._convert(option, words)
                    words = []
                else:
                    values[option.name] = self._convert(option, words[0])
                    words = words[1:]
        if words:
            hint = f"'burnish {verb_name(self.cls)} --help' shows what is expected"
            if self.last_many is not None and _splits_at_commas(self.last_many.annotation):
                given = ",".join([*self.gathered[self.last_many.name], *words])
                hint = f"several values are written {self.last_many.flag} {given}"
            raise InputError(f"unexpected argument '{words[0]}': {hint}")
        return values


def read_word(label: str, option: Option, word: str) -> Any:
    """One word as the value of an option, as a shell would give it after the flag.

    Raises:
        InputError: the word has another type.
    """
    value = _split(option, word) if is_many(option.annotation) else word
    return convert(label, option.annotation, value, from_text=True)


def _split(option: Option, word: str) -> list[str]:
    return word.split(",") if _splits_at_commas(option.annotation) else [word]


def _is_option(word: str) -> bool:
    if not word.startswith("-") or word == "-":
        return False
    return not is_number(word)


def _splits_at_commas(annotation: Any) -> bool:
    """Numbers hold no comma; texts and paths may."""
    inner = [item for arm in arms(annotation) if get_origin(arm) in (tuple, list) for item in get_args(arm)]
    return bool(inner) and all(item in (int, float, Ellipsis) for item in inner)


def _takes_paths(annotation: Any) -> bool:
    """Whether the option holds any number of paths."""
    return any(get_args(arm)[:1] == (Path,) for arm in arms(annotation) if get_origin(arm) in (tuple, list))
