"""Where the result of an attack is kept: in the run's folder, or in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from burnish import __version__
from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.reporting.robustness import eps_text
from burnish.runs.config import plain_options, write_config
from burnish.runs.environment import environment
from burnish.runs.folder import make_run_folder
from burnish.runs.model_record import record_module
from burnish.verbs.attack import Attack
from burnish.verbs.attacking.target import Target


def file_name(options: Attack, suite: str, eps: float, other: str) -> str:
    """The name of the file, another one for everything that makes two results another.

    >>> file_name(Attack(subject="runs/0001-fit"), "quick", 8 / 255, "")
    'robustness-quick-linf-8-255.json'
    """
    split = "" if options.split == "test" else options.split
    parts = ["robustness", suite, options.norm, eps_text(eps).replace("/", "-"), split, other]
    return "-".join(part for part in parts if part) + ".json"


def place(options: Attack, target: Target) -> Path:
    """The folder that the result goes to; one is made where the target is no run."""
    return make_run_folder(options.out, "attack") if target.run is None else target.run.path


def keep(file: Path, found: dict[str, Any], options: Attack, target: Target) -> None:
    """Write the result, and around it a run folder where there is none yet.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        if target.run is None:
            _write_folder(file.parent, found, options, target)
        write_atomically(file, json.dumps(found, indent=1, allow_nan=False))
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}; a run must be writable to keep the result") from None


def _write_folder(folder: Path, found: dict[str, Any], options: Attack, target: Target) -> None:
    module = target.module
    record = {"kind": "function", "name": target.name} if module is None else record_module(module)
    data = {"name": target.data.name, "seed": options.seed, "options": {}}
    if target.data.origin is not None:
        data["origin"] = target.data.origin
    config = {
        "verb": "attack",
        "burnish_version": __version__,
        "attack": plain_options(options),
        "model": record,
        "task": {"name": "classification", "options": {}},
        "data": data,
    }
    result = {
        "verb": "attack",
        "model": target.name,
        "data": target.data.name,
        "task": "classification",
        "parameters": None if module is None else sum(parameter.numel() for parameter in module.parameters()),
        "metrics": {
            options.split: {"accuracy": found["clean_accuracy"], "robust_accuracy": found["robust_accuracy"]},
        },
        "watched": "robust_accuracy",
        "seconds": found["seconds"],
        "notes": [],
        "parent": None,
    }
    write_config(folder, config)
    write_atomically(folder / "schema.json", json.dumps(target.data.schema.to_dict(), indent=1))
    write_atomically(folder / "env.json", json.dumps(environment(seed=options.seed), indent=1))
    write_atomically(folder / "result.json", json.dumps(result, indent=1))
