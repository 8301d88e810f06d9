"""``burnish run``: play a recipe, then show its runs side by side."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError
from burnish.verbs.interface.options import RunFolderOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from burnish.verbs.playing.recipe import Step


@dataclass(frozen=True, kw_only=True)
class Run(RunFolderOptions):
    """Play a recipe: a TOML file with a title and [[steps]], each a verb with its options.

    'burnish run quickstart' plays the one that comes with burnish.
    """

    recipe: str = field(metadata={"positional": True})
    """Name of a bundled recipe (quickstart, fashion-mnist, shakespeare), or the path of a TOML file."""
    set: tuple[str, ...] = ()
    """Replace one option of one step: base.epochs=2, where base is the step's id or number. May be given again."""


@dataclass(frozen=True)
class Played:
    """What a recipe left behind.

    Args:
        title: the recipe's title.
        rows: a row a run, with the numbers of its ``result.json``.
        report: the last HTML page that a step drew, where one did.
        seconds: wall time of the whole recipe.
    """

    title: str
    rows: tuple[dict[str, Any], ...]
    report: Path | None
    seconds: float

    @property
    def runs(self) -> tuple[Path, ...]:
        """Folders of the runs, in the order in which they were made."""
        return tuple(Path(row["run"]) for row in self.rows)

    def __str__(self) -> str:
        from burnish.reporting import summary_table

        parts = [f"{self.title} ({self.seconds:.0f} s)"]
        if self.rows:
            parts.append(summary_table(self.rows).rstrip())
        if self.report is not None:
            parts.append(f"report: {self.report}")
        return "\n\n".join(parts)


def command(options: Run) -> Outcome:
    """Play the recipe and give its table."""
    played = _play(options)
    data = {
        "verb": "run",
        "title": played.title,
        "runs": list(played.rows),
        "report": played.report,
        "seconds": round(played.seconds, 3),
    }
    return Outcome(str(played), data)


def run(recipe: str | Path, *, set: Sequence[str] = (), out: str | Path = "runs") -> Played:
    """Play a recipe from Python.

    Args:
        recipe: name of a bundled recipe, or the path of a TOML file.
        set: texts ``step.option=value`` that replace options of the recipe.
        out: folder that run folders are made in.

    Raises:
        InputError: something in the recipe cannot be used; nothing has run then.
    """
    return _play(build(Run, recipe=str(recipe), set=tuple(set), out=out))


def _play(options: Run) -> Played:
    from burnish.reporting import summary_rows
    from burnish.verbs.playing.recipe import find, read

    recipe = read(find(options.recipe), options.set, options.out)
    start = time.perf_counter()
    made: dict[str, str] = {}
    folders: dict[str, str] = {}
    report: Path | None = None
    for number, step in enumerate(recipe.steps, start=1):
        print(f"[{number}/{len(recipe.steps)}] {_told(step)}", file=sys.stderr, flush=True)
        try:
            outcome = import_module(f"burnish.verbs.{step.verb}").command(build(step.options, **step.resolved(made)))
        except InputError as error:
            raise InputError(f"{step.label}: {error}") from error
        if outcome.text:
            print(outcome.text, file=sys.stderr, flush=True)
        if step.makes_run and "run" in outcome.data:
            folder = str(outcome.data["run"])
            folders.setdefault(folder, step.id or Path(folder).name)  # an attack names the run that it was made on
            if step.id:
                made[step.id] = folder
        if outcome.data.get("report"):
            report = Path(outcome.data["report"])
    found = summary_rows([Path(folder) for folder in folders])
    rows = tuple(row | {"name": name} for row, name in zip(found, folders.values(), strict=True))
    return Played(recipe.title, rows, report, time.perf_counter() - start)


def _told(step: Step) -> str:
    """The step as a shell would nearly spell it."""
    words = [step.verb]
    for name, value in step.values.items():
        if name != "out":
            words.append(f"{name}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}")
    return " ".join(words)
