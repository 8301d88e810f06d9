"""Options of verbs: the dataclass that is the help text, the recipe's schema and the Python signature at once."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from burnish.common.errors import InputError, did_you_mean
from burnish.verbs.interface.values import convert

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class VerbOptions:
    """Options that every verb has."""

    json: bool = False
    """Print exactly one JSON object on stdout; everything else goes to stderr."""


@dataclass(frozen=True, kw_only=True)
class RunFolderOptions(VerbOptions):
    """Options of verbs that make a run."""

    out: Path = Path("runs")
    """Folder that the run's own folder is made in."""


@dataclass(frozen=True)
class Option:
    """One option of a verb, as its dataclass declares it.

    ``positional`` options are given without a name in a shell; a field becomes one by
    ``field(metadata={"positional": True})``.
    """

    name: str
    annotation: Any
    default: Any
    required: bool
    positional: bool
    group: type

    @property
    def flag(self) -> str:
        """How a shell spells it; ``with_`` is spelt so because Python keeps ``with`` for itself."""
        return "--" + self.name.rstrip("_").replace("_", "-")


def options_of(cls: type) -> tuple[Option, ...]:
    """Every option of a dataclass, in its order.

    >>> [option.flag for option in options_of(RunFolderOptions)]
    ['--json', '--out']
    """
    hints = get_type_hints(cls, include_extras=True)
    owners = {name: owner for owner in reversed(cls.__mro__) for name in vars(owner).get("__annotations__", {})}
    found = []
    for field in fields(cls):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        positional = bool(field.metadata.get("positional"))
        required = default is MISSING
        found.append(Option(field.name, hints[field.name], default, required, positional, owners[field.name]))
    return tuple(found)


def descriptions(cls: type) -> dict[str, str]:
    """The string below every field of a dataclass and of its bases, by field name.

    >>> descriptions(RunFolderOptions)["out"]
    "Folder that the run's own folder is made in."
    """
    told: dict[str, str] = {}
    for owner in reversed(cls.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        assert isinstance(body, ast.ClassDef)
        for statement, after in zip(body.body, body.body[1:], strict=False):
            if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
                continue
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                told[statement.target.id] = " ".join(str(after.value.value).split())
    return told


def verb_name(cls: type) -> str:
    """What a shell calls the verb of an options class.

    >>> verb_name(VerbOptions)
    'verb options'
    """
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip()


def check(cls: type, values: dict[str, Any]) -> dict[str, Any]:
    """The values by field name, each in the type of its field; a name may be spelt with ``-`` for ``_``.

    Raises:
        InputError: a name that the class lacks, a name given twice, or a value of another type.
    """
    known = {option.name: option for option in options_of(cls)}
    checked: dict[str, Any] = {}
    for given, value in values.items():
        name = given.replace("-", "_")
        name = f"{name}_" if f"{name}_" in known else name
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"{verb_name(cls)} has no option '{given}'{hint}: it takes {', '.join(sorted(known))}")
        if name in checked:
            raise InputError(f"option '{name}' is given twice, as '{name}' and as '{given}': give it once")
        checked[name] = convert(name, known[name].annotation, value)
    return checked


def build(cls: type[T], **values: Any) -> T:
    """Options from named values, checked against the dataclass.

    Args:
        cls: the options dataclass of a verb.
        values: its fields by name.

    Raises:
        InputError: an unknown name, a value of the wrong type, or a required option that is missing.

    >>> build(RunFolderOptions, out="elsewhere").out
    PosixPath('elsewhere')
    >>> build(RunFolderOptions, uot="elsewhere")
    Traceback (most recent call last):
    burnish.common.errors.InputError: run folder options has no option 'uot' (did you mean 'out'?): it takes json, out
    """
    checked = check(cls, values)
    for option in options_of(cls):
        if option.required and option.name not in checked:
            about = descriptions(cls).get(option.name, "it has no default")
            raise InputError(f"{verb_name(cls)} needs '{option.name}': {about}")
    return cls(**checked)
