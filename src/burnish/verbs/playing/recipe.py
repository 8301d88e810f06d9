"""Recipes: a TOML file that lists verbs. Everything in it is checked before its first step runs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.verbs.interface.arguments import read_word
from burnish.verbs.interface.lookup import load_verb
from burnish.verbs.interface.options import RunFolderOptions, build, options_of

VERBS = ("fit", "prune", "harden", "attack", "evaluate", "predict", "describe", "export", "report", "models", "data")
"""Verbs that a recipe may list: all but the one that plays recipes."""


@dataclass(frozen=True)
class Step:
    """One verb of a recipe.

    Args:
        label: how errors and progress call it, such as ``step 2 (evaluate)``.
        verb: the verb.
        options: the options dataclass of the verb.
        values: its options as the recipe gives them; a text ``@id`` stands for the run that step ``id`` makes.
        id: the step's own id, where it has one.
    """

    label: str
    verb: str
    options: type[Any]
    values: dict[str, Any]
    id: str | None = None

    @property
    def makes_run(self) -> bool:
        """Whether ``@id`` may refer to this step."""
        return issubclass(self.options, RunFolderOptions)

    def resolved(self, runs: Mapping[str, str]) -> dict[str, Any]:
        """The values with every ``@id`` replaced by the path of that run."""
        return {name: _replaced(value, runs) for name, value in self.values.items()}


@dataclass(frozen=True)
class Recipe:
    """A title and the steps in their order."""

    title: str
    steps: tuple[Step, ...]


def bundled() -> dict[str, Path]:
    """The recipes that come with burnish, by name."""
    folder = Path(str(resources.files("burnish") / "recipes"))
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def find(recipe: str) -> Path:
    """The file of a recipe, by the name of a bundled one or by its path.

    Raises:
        InputError: there is no such file.
    """
    known = bundled()
    if recipe in known:
        return known[recipe]
    path = Path(recipe).expanduser()
    if not path.is_file():
        hint = did_you_mean(recipe, known)
        raise InputError(f"no recipe '{recipe}'{hint}: expected {', '.join(known)}, or the path of a TOML file")
    return path


def read(path: Path, overrides: Sequence[str] = (), out: Path | None = None) -> Recipe:
    """Read a recipe and check all of it.

    Args:
        path: the TOML file.
        overrides: texts ``step.option=value``; a step is named by its id or its number, from 1.
        out: folder for the runs of the steps that name none.

    Raises:
        InputError: the file is no recipe, a verb or an option is unknown, a value has the wrong type, or ``@id`` refers
            to no earlier step that makes a run.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read the recipe '{path}': {error}") from None
    for key in content:
        if key not in ("title", "steps"):
            raise unknown("key of a recipe", key, ["title", "steps"])
    tables = content.get("steps")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise InputError(f"the recipe '{path}' has no steps: expected at least one table [[steps]] with a verb")
    steps = [_step(number, table) for number, table in enumerate(tables, start=1)]
    for override in overrides:
        _apply(override, steps)
    if out is not None:
        for step in steps:
            if step.makes_run:
                step.values.setdefault("out", str(out))
    _check(steps)
    return Recipe(str(content.get("title", path.stem)), tuple(steps))


def _step(number: int, table: dict[str, Any]) -> Step:
    values = {name.replace("-", "_"): value for name, value in table.items()}
    verb, own_id = values.pop("verb", None), values.pop("id", None)
    if verb is None:
        raise InputError(f"step {number} names no verb: expected verb = one of {', '.join(VERBS)}")
    if verb not in VERBS:
        raise InputError(f"step {number}: {unknown('verb', str(verb), VERBS)}")
    if own_id is not None and (not isinstance(own_id, str) or not own_id.replace("-", "_").isidentifier()):
        raise InputError(f'step {number} has the id {own_id!r}: expected letters, digits, - and _, as in id = "base"')
    options, _ = load_verb(verb)
    return Step(f"step {number} ({own_id or verb})", verb, options, values, own_id)


def _apply(override: str, steps: list[Step]) -> None:
    target, equals, text = override.partition("=")
    step_name, dot, name = target.partition(".")
    if not equals or not dot:
        raise InputError(f"--set expects step.option=value, got '{override}': write --set base.epochs=2, say")
    named = {step.id: step for step in steps if step.id} | {str(n): step for n, step in enumerate(steps, start=1)}
    if step_name not in named:
        raise InputError(f"--set {override}: {unknown('step', step_name, named)}")
    step = named[step_name]
    known = {option.name: option for option in options_of(step.options)}
    name = name.replace("-", "_")
    if name not in known:
        raise InputError(f"--set {override}: {unknown('option', name, known)}")
    step.values[name] = text if text.startswith("@") else read_word(f"--set {target}", known[name], text)


def _check(steps: list[Step]) -> None:
    seen: dict[str, Step] = {}
    for step in steps:
        for reference in _references(step.values):
            if reference not in seen:
                known = [name for name, earlier in seen.items() if earlier.makes_run]
                expected = (
                    f"expected {', '.join('@' + name for name in known)}" if known else "no earlier step has an id"
                )
                raise InputError(f"{step.label} refers to '@{reference}'{did_you_mean(reference, known)}: {expected}")
            if not seen[reference].makes_run:
                verb = seen[reference].verb
                raise InputError(f"{step.label} refers to '@{reference}', but {verb} makes no run: refer to a fit")
        try:
            build(step.options, **step.resolved(dict.fromkeys(seen, "a run")))
        except InputError as error:
            raise InputError(f"{step.label}: {error}") from None
        if step.id in seen:
            raise InputError(f"{step.label} has the id of an earlier step: give each its own")
        if step.id:
            seen[step.id] = step


def _references(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value[1:]] if value.startswith("@") else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [reference for item in inner for reference in _references(item)]


def _replaced(value: Any, runs: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return runs[value[1:]]
    if isinstance(value, list | tuple):
        return [_replaced(item, runs) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, runs) for name, item in value.items()}
    return value
