"""Which module a fit trains: built by name or from a record, or the user's own, with the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import derive_seed, seed_everything
from burnish.data import Data
from burnish.data.schema import Schema
from burnish.data.statistics import Statistics, statistics
from burnish.models import LoadReport, WithInput, default_model, for_data, load_weights_
from burnish.models.weights.weights import Weights
from burnish.runs.model_record import build, import_module, load_weights, record_module, record_named, record_weights
from burnish.runs.run import Run
from burnish.runs.surgery import Stage, rebuild_
from burnish.verbs.fit import Fit


def choose_model(
    options: Fit,
    model: nn.Module | None,
    data: Data,
    config: dict[str, Any] | None,
    weights: Weights | None,
    surgery: Sequence[Stage] = (),
) -> tuple[nn.Module, dict[str, Any]]:
    """The module, and the record that rebuilds it.

    Args:
        options: as the user gave them.
        model: given from Python, instead of a name.
        data: what it will learn.
        config: of the run that it is inherited from, where the options name none.
        weights: to start from.
        surgery: what was cut out of the inherited model.

    Raises:
        InputError: there is no such model, or it does not take these data.
    """
    if model is not None:
        if not isinstance(model, nn.Module):
            raise InputError(f"model must be a name or a torch.nn.Module, got {type(model).__name__}")
        return model, record_module(model) | _loaded(model, weights)
    seed_everything(derive_seed(options.seed, "model"))
    if options.model is None and config is not None:
        record: dict[str, Any] = config["model"]
        if record["kind"] != "named":
            built = build(record, data.schema, trust=options.trust)
            rebuild_(built, surgery)
            return built, record
    elif options.model is not None and ":" in options.model:
        built = import_module(options.model)
        return built, record_module(built) | {"import": options.model} | _loaded(built, weights)
    else:
        record = record_named(options.model or default_model(data.schema), options.model_option)
    own = None if weights is not None and weights.preparation is not None else statistics(data)
    targets = _target_statistics(data)
    built = for_data(record["name"], data.schema, own, targets, weights, **record["options"])
    if record.get("surgery"):
        rebuild_(built, surgery)
    if weights is not None:
        inner = built.model if isinstance(built, WithInput) else built
        record |= record_weights(inner.weights_report)  # type: ignore[arg-type]
    return built, record


def take_weights(model: nn.Module, parent: Run) -> None:
    """Start from the weights of a run.

    Raises:
        InputError: they do not fit the model.
    """
    try:
        load_weights(model, parent.path / "model.safetensors")
    except InputError as error:
        raise InputError(
            f"the weights of run {parent.path} do not fit {type(model).__name__} on these data: {error} "
            "Give the parent's own data and model, or start without --parent"
        ) from None


def about_weights(model: nn.Module, weights: Weights | None, schema: Schema) -> list[str]:
    """What the user should be told about the weights."""
    if weights is None:
        return []
    inner = model.model if isinstance(model, WithInput) else model
    report: LoadReport = inner.weights_report  # type: ignore[assignment]
    told = [str(report)]
    if weights.preparation is None:
        told.append(f"{weights.source} does not say how images were prepared: the training statistics are used")
    elif inner is not model and schema.kind == "image":
        size, (height, width) = weights.preparation.crop, schema.input_shape[1:]
        other = f", which was trained on {size}x{size} (input_size={size} resizes them)"
        told.append(
            f"images of {height}x{width} pixels are normalised as {weights.source} asks"
            + (other if (height, width) != (size, size) else "")
        )
    return told


def _loaded(model: nn.Module, weights: Weights | None) -> dict[str, Any]:
    """Load weights into a module of the user's own; what its record says of them."""
    return {} if weights is None else record_weights(load_weights_(model, weights))


def _target_statistics(data: Data) -> Statistics | None:
    if data.schema.goal != "regression":
        return None
    targets = data.train.gather(torch.arange(len(data.train)))[1].double().reshape(len(data.train), -1)
    std = targets.std(dim=0, correction=0)
    return Statistics(targets.mean(dim=0).float(), torch.where(std > 0, std, torch.ones_like(std)).float())


def mask_removed_(model: nn.Module, surgery: Sequence[Stage], *, fresh: bool) -> None:
    """Mask the single weights that earlier runs removed, so that they stay so while the rest learns.

    Args:
        model: with the weights of the run that was pruned, or for a checkpoint to be loaded into.
        surgery: the prunings so far.
        fresh: whether its zeros tell what was removed; a checkpoint brings its own masks.
    """
    from burnish.pruning.weights import mask_like_, mask_zeros_

    names = [name for stage in surgery if stage["level"] == "weight" for name in stage["steps"]]
    if not names:
        return
    if fresh:
        mask_zeros_(model)
        return
    weights = dict(model.named_parameters())
    places = {name: name.rpartition(".") for name in dict.fromkeys(names) if name in weights}
    mask_like_(
        model,
        {
            f"{owner}{dot}parametrizations.{own}.0.mask": torch.ones_like(weights[name])
            for name, (owner, dot, own) in places.items()
        },
    )
