"""A named model that fits a data set: widths from its schema, its training statistics in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.normalise import Normalise
from burnish.models.registry import create, entry, names
from burnish.models.with_input import WithInput

if TYPE_CHECKING:
    from burnish.data.schema import Schema
    from burnish.data.statistics import Statistics

_DEFAULTS = {"image": "resnet20", "table": "mlp", "text": "char-lstm", "points": "gan"}


def default_model(schema: Schema) -> str:
    """The model that burnish takes where none is named.

    >>> from burnish.data.schema import Schema
    >>> default_model(Schema("image", "classification", (3, 32, 32), classes=("a", "b")))
    'resnet20'
    """
    if schema.kind == "points" and schema.goal != "generation":
        return "mlp"
    return _DEFAULTS[schema.kind]


def for_data(name: str, schema: Schema, statistics: Statistics | None = None, **options: Any) -> nn.Module:
    """Build a named model for a data set.

    The result takes raw inputs: pixels in [0, 1], table rows with their gaps and codes, symbols. Without statistics the
    structure is the same and the input layer changes nothing, so that saved weights can be loaded into it.

    Args:
        name: a name of the registry.
        schema: what the samples are.
        statistics: mean and standard deviation of the training split.
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
        return create(name, num_classes=len(schema.vocabulary), in_channels=1, **options)
    if schema.kind == "table":
        table = _table_input(schema, statistics)
        return WithInput(table, create(name, schema.num_outputs, in_channels=int(table.width), **options))
    channels, *sides = schema.input_shape
    size = (sides[0], sides[1]) if schema.kind == "image" else None
    model = create(name, schema.num_outputs, in_channels=channels, input_size=size, **options)
    mean, std = _channel_statistics(channels, statistics)
    if hasattr(model, "set_statistics_"):  # it makes samples, so statistics belong at both of its ends
        model.set_statistics_(mean, std)
        return model
    return WithInput(Normalise(mean, std), model)


def _channel_statistics(channels: int, statistics: Statistics | None) -> tuple[Tensor, Tensor]:
    if statistics is None:
        return torch.zeros(channels), torch.ones(channels)
    std = statistics.std
    return statistics.mean, torch.where(std > 0, std, torch.ones_like(std))  # a constant channel carries nothing


def _table_input(schema: Schema, statistics: Statistics | None) -> Any:
    from burnish.layers.table_input import TableInput

    numeric = [i for i, column in enumerate(schema.columns) if column.kind != "categorical"]
    categorical = [
        (i, len(column.categories)) for i, column in enumerate(schema.columns) if column.kind == "categorical"
    ]
    mean, std = _channel_statistics(len(numeric), statistics)
    return TableInput(numeric, categorical, mean, std)
