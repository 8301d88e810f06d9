"""What a verb gives back to the command line."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import PurePath
from typing import Any


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if hasattr(value, "tolist"):  # a tensor or an array
        return _plain(value.tolist())
    raise TypeError(
        f"an outcome cannot hold a {type(value).__name__}: expected plain data, a path, an array or a dataclass"
    )


@dataclass(frozen=True)
class Outcome:
    """The answer of a verb, once for a person and once for a program.

    Args:
        text: what is printed without ``--json``.
        data: the JSON object that is printed with it; ``"run"`` is the path of the run where one was made.
        failure: why the command ends with 2 although the answer is whole, as a check does that was asked to be strict.

    >>> print(Outcome("accuracy 0.9", {"run": PurePath("runs/0001-fit"), "loss": float("nan")}).json())
    {"run": "runs/0001-fit", "loss": null}
    """

    text: str
    data: dict[str, Any]
    failure: str = ""

    def json(self) -> str:
        """One JSON object on one line. Paths become strings, arrays lists; NaN and infinity, which JSON lacks, null."""
        return json.dumps(_plain(self.data), allow_nan=False)
