"""From a model and one example to its graph of channels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.models.count import call_arguments
from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.following.record import Run, Suspect
from burnish.pruning.graph.following.recorder import Recorder, tensors_in
from burnish.pruning.graph.following.tracker import Tracker
from burnish.pruning.graph.graph import Graph, groups_of
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.known_attributes import known_attributes
from burnish.pruning.graph.refusals import refusals, touching, unexplained
from burnish.pruning.graph.rules.reshaping import Labels
from burnish.pruning.graph.settling.settle import settle
from burnish.pruning.graph.shell import doubled, moved, shell


def groups(model: nn.Module, example: Any, ignore: Sequence[str] = ()) -> tuple[Group, ...]:
    """Every set of channels of a model that can be removed one by one; see :func:`trace`.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> [(group.name, group.count, group.consumers) for group in groups(net, torch.zeros(1, 4))]
    [('0', 8, ('2',))]
    """
    return trace(model, example).groups(ignore)


def trace(model: nn.Module, example: Any) -> Graph:
    """Find out which channels of a model are one, by following its forward once in evaluation and once in training.

    The forward runs on a copy without numbers, so that Python code of any kind is followed as it runs; where it asks
    for numbers, a full copy runs instead. Every operator of torch says what it does to the channels of its inputs. At
    the end a copy with some channels of every group cut out runs as well: it must do what the graph foretells. What
    stands in the way of that, such as a number of channels written into the code, is refused with its line.

    Args:
        model: any module; it is left as it was.
        example: its input, a tensor or any nest of tensors. A tuple holds positional arguments; a dict whose keys are
            arguments of ``forward`` holds keyword arguments.

    Raises:
        InputError: the model has no parameters, or its forward fails with the example.
    """
    if next(model.parameters(), None) is None:
        raise InputError(f"{type(model).__name__} has no parameters: there is nothing to prune")
    notes: list[str] = []
    home = str(next(model.parameters()).device)
    with preserved_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the model's own forward: a user has seen them
        try:
            return _traced(model, example, "meta", notes)
        except _FailedError as error:
            if home == "meta":
                raise InputError(str(error)) from error.__cause__
            hollow = error
        try:
            graph = _traced(model, example, home, notes)
        except _FailedError as error:
            raise InputError(str(error)) from error.__cause__
    notes.append(f"traced with numbers, since without them {hollow}")
    return graph


class _FailedError(Exception):
    """The forward of the model does not run."""


def _traced(model: nn.Module, example: Any, device: str, notes: list[str]) -> Graph:
    atoms = Atoms()
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    weights: dict[str, Labels] = {
        name: tuple(atoms.fresh(size) if size > 1 else None for size in tensor.shape)
        for name, tensor in tensors.items()
    }
    own = atoms.count
    example = moved(example, device)
    runs = [_run(model, example, device, False, atoms, weights)]
    try:
        runs.append(_run(model, example, device, True, atoms, weights))
    except _FailedError as error:
        notes.append(f"not traced in training mode: {error}")
    touched = set().union(*(run.touched for run in runs))
    graph = Graph(
        atoms,
        {name: labels for name, labels in weights.items() if name in touched},
        {name: tensor.shape for name, tensor in tensors.items()},
        frozenset(dict(model.named_buffers())),
        notes=notes,
    )
    _assign_roles(graph, runs, own)
    counted = {key: attribute for run in runs for key, attribute in run.attributes.items()}
    for attribute in known_attributes(model, graph.weights):
        counted.setdefault((attribute.module, attribute.name, attribute.place), attribute)
    graph.attributes = list(counted.values())
    suspects = [suspect for run in runs for suspect in run.suspects]
    suspects += settle(model, graph, runs, device)
    _settle_products(graph)
    graph.refusals = refusals(graph, suspects)
    graph.refusals += unexplained(graph, set().union(*(run.shown for run in runs)))
    return graph


def _run(model: nn.Module, example: Any, device: str, training: bool, atoms: Atoms, weights: dict[str, Labels]) -> Run:
    """Follow one forward. In training, a model that needs two samples gets every sample twice."""
    failure: Exception | None = None
    where = ""
    for attempt in (example, doubled(example)) if training else (example,):
        copied = shell(model, device).train(training)
        named = {**dict(copied.named_parameters()), **dict(copied.named_buffers())}
        tracker = Tracker(atoms, {id(tensor): name for name, tensor in named.items()}, weights)
        arguments, keywords = call_arguments(copied, attempt)
        for tensor in tensors_in((arguments, keywords)):
            tracker.start(tensor)
        recorder = Recorder(copied, tracker)
        try:
            with recorder, torch.device(device):
                output = copied(*arguments, **keywords)
        except Exception as error:
            failure = error
            where = f"in layer '{recorder.running[-1]}'" if recorder.running else "outside of its layers"
            continue
        outputs = [dim for tensor in tensors_in(output) for dim in tracker.of(tensor)]
        shown = touching(atoms, weights, outputs)
        for tensor in tensors_in(output):
            tracker.end(tensor)
        suspects = [
            Suspect(recorder.records[place], reason, recorder.records[place].line, places)
            for reason, place, places in recorder.problems
        ]
        return Run(
            attempt,
            training,
            recorder.records,
            tracker.touched,
            tracker.consumed,
            tracker.made,
            recorder.attributes,
            recorder.guesses,
            suspects,
            shown | tracker.named,
        )
    assert failure is not None
    reason = " ".join(str(failure).split()) or type(failure).__name__
    mode = "training" if training else "evaluation"
    raise _FailedError(
        f"the forward of {type(model).__name__} in {mode} mode fails {where}: {reason}; check the example input"
    ) from failure


def _assign_roles(graph: Graph, runs: list[Run], own: int) -> None:
    """A weight reads from the dimensions that products sum over, and makes the others; what is both makes."""
    marks = {role: np.zeros(own, dtype=bool) for role in ("consumes", "produces")}
    for run in runs:
        for mark, dims in ((marks["consumes"], run.consumed), (marks["produces"], run.made)):
            for channels in dims:
                if channels is not None:
                    mark[channels[channels < own]] = True
    for name, labels in graph.weights.items():
        for dim, along in enumerate(labels):
            if along is not None and marks["consumes"][along].any():
                graph.roles[name, dim] = "consumes"
            if along is not None and name not in graph.buffers and marks["produces"][along].any():
                graph.roles[name, dim] = "produces"


def _settle_products(graph: Graph) -> None:
    """Where one position may go with either of two channels, leave it to the kind that narrows more, or is finer."""
    found = {int(atom): group for group in groups_of(graph) for atom in group.atoms}
    for labels in graph.weights.values():
        for channels in labels:
            rows = graph.atoms.resolve(channels)
            if rows is None or len(rows) < 2:
                continue
            for first, second in {
                (int(one), int(two))
                for number, row in enumerate(rows)
                for other in rows[number + 1 :]
                for one, two in zip(row, other, strict=True)
                if one and two
            }:
                pair = [found[atom] for atom in (first, second) if atom in found]
                if len(pair) == 2 and pair[0] is not pair[1]:
                    coarse = min(pair, key=lambda group: (len(group.slices), group.count))
                    graph.atoms.fix(coarse.atoms.numpy()[None])
