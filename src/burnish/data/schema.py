"""What the samples of a data set are: kind, shapes, classes, columns. Plain data that travels with a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["image", "table", "text", "points"]
Goal = Literal["classification", "regression", "language-modelling", "generation"]


@dataclass(frozen=True)
class Column:
    """One input column of a table.

    ``categories`` are the training split's own, in code order; dates are days since 1970. ``missing`` says whether the
    training split has gaps in this column, so that a model can be rebuilt from the schema alone.
    """

    name: str
    kind: Literal["numeric", "categorical", "date"]
    categories: tuple[str, ...] = ()
    missing: bool = False


@dataclass(frozen=True)
class Schema:
    """Shapes and meaning of one sample.

    Args:
        kind: ``image`` (C, H, W) in [0, 1]; ``table`` (columns,) floats with NaN for missing and codes for categories;
            ``text`` (length,) int64 symbols; ``points`` (features,) plain vectors.
        goal: what the target asks for.
        input_shape: shape of one input, without the batch.
        classes: class names in label order, for classification.
        target: name of the target column or file, where there is one.
        columns: the input columns of a table.
        vocabulary: the symbols of a text, in code order.
    """

    kind: Kind
    goal: Goal
    input_shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    target: str | None = None
    columns: tuple[Column, ...] = ()
    vocabulary: tuple[str, ...] = ()

    @property
    def num_outputs(self) -> int:
        """Width of a model's last layer: classes, symbols, or 1."""
        return len(self.classes) or len(self.vocabulary) or 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Schema:
        """The inverse of :meth:`to_dict`.

        >>> schema = Schema("image", "classification", (1, 8, 8), classes=("a", "b"))
        >>> Schema.from_dict(schema.to_dict()) == schema
        True
        """
        columns = tuple(Column(c["name"], c["kind"], tuple(c["categories"]), c["missing"]) for c in plain["columns"])
        return cls(
            kind=plain["kind"],
            goal=plain["goal"],
            input_shape=tuple(plain["input_shape"]),
            classes=tuple(plain["classes"]),
            target=plain["target"],
            columns=columns,
            vocabulary=tuple(plain["vocabulary"]),
        )
