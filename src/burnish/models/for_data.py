"""A named model that fits a data set: widths from its schema, its training statistics in front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.denormalise import Denormalise
from burnish.layers.normalise import Normalise
from burnish.layers.table_input import TableInput
from burnish.models.registry import create, entry, names
from burnish.models.weights.preparing import channel_statistics, preparation
from burnish.models.with_input import WithInput

if TYPE_CHECKING:
    from burnish.data.schema import Schema
    from burnish.data.statistics import Statistics
    from burnish.models.weights.weights import Weights

_DEFAULTS = {"image": "resnet20", "table": "mlp", "text": "char-lstm", "points": "gan"}


def default_model(schema: Schema) -> str:
    """The model that burnish takes where none is named.

    >>> from burnish.data.schema import Schema
    >>> default_model(Schema("image", "classification", (3, 32, 32), classes=("a", "b")))
    'resnet20'
    """
    if schema.kind == "points" and schema.goal != "generation":
        return "mlp"
    if schema.kind == "image" and schema.goal == "generation":
        return "gan"
    return _DEFAULTS[schema.kind]


def for_data(
    name: str,
    schema: Schema,
    statistics: Statistics | None = None,
    target_statistics: Statistics | None = None,
    weights: str | Path | Weights | None = None,
    **options: Any,
) -> nn.Module:
    """Build a named model for a data set.

    The result takes raw inputs: pixels in [0, 1], table rows with their gaps and codes, symbols. For a number to
    predict it answers in the target's own units. Without statistics the structure is the same and the layers that hold
    them change nothing, so that saved weights can be loaded into it.

    Args:
        name: a name of the registry.
        schema: what the samples are.
        statistics: mean and standard deviation of the training split.
        target_statistics: the same of the targets, for regression; a fresh model then starts at their scale.
        weights: what the model starts from, see :func:`burnish.models.create`. Where they say how images were prepared,
            that takes the place of the statistics.
        options: the model's own options.

    Raises:
        InputError: the model does not take this kind of data, or what :func:`burnish.models.create` raises.

    >>> from burnish.data.schema import Schema
    >>> digits = Schema("image", "classification", (1, 8, 8), classes=tuple("0123456789"))
    >>> for_data("mlp", digits, hidden=(16,)).model.head
    Linear(in_features=16, out_features=10, bias=True)
    """
    found = entry(name)
    if schema.kind not in found.kinds:
        fitting = [other for other in names() if schema.kind in entry(other).kinds]
        raise InputError(
            f"{found.name} takes {' and '.join(found.kinds)} data, not {schema.kind}: "
            f"models for {schema.kind} data are {', '.join(fitting)}"
        )
    if schema.kind == "text":
        return create(name, num_classes=len(schema.vocabulary), in_channels=1, weights=weights, **options)
    output = _output_scale(schema, target_statistics)
    if schema.kind == "table":
        table = _table_input(schema, statistics)
        model = create(name, schema.num_outputs, in_channels=table.width, weights=weights, **options)
        return WithInput(table, model, output)
    channels, *sides = schema.input_shape
    size = (sides[0], sides[1]) if schema.kind == "image" else None
    model = create(name, schema.num_outputs, in_channels=channels, input_size=size, weights=weights, **options)
    prepared = preparation(model)
    mean, std = channel_statistics(prepared, channels) if prepared else _mean_and_std(channels, statistics)
    set_statistics_ = getattr(model, "set_statistics_", None)
    if callable(set_statistics_):  # it makes samples, so statistics belong at both of its ends
        set_statistics_(mean, std)
        return model
    return WithInput(Normalise(mean, std), model, output)


def _mean_and_std(channels: int, statistics: Statistics | None) -> tuple[Tensor, Tensor]:
    if statistics is None:
        return torch.zeros(channels), torch.ones(channels)
    std = statistics.std
    return statistics.mean, torch.where(std > 0, std, torch.ones_like(std))  # a constant channel carries nothing


def _output_scale(schema: Schema, statistics: Statistics | None) -> nn.Module | None:
    return Denormalise(*_mean_and_std(schema.num_outputs, statistics)) if schema.goal == "regression" else None


def _table_input(schema: Schema, statistics: Statistics | None) -> TableInput:
    numeric = [i for i, column in enumerate(schema.columns) if column.kind != "categorical"]
    categorical = [(i, len(c.categories)) for i, c in enumerate(schema.columns) if c.kind == "categorical"]
    mean, std = _mean_and_std(len(schema.columns), statistics)
    return TableInput(numeric, categorical, mean, std, missing=[i for i in numeric if schema.columns[i].missing])
