"""Whether a model with channels cut out does what its graph foretells."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from burnish.models.count import call_arguments
from burnish.pruning.graph.following.record import LAYOUT, Record, Run
from burnish.pruning.graph.following.recorder import numbers_of
from burnish.pruning.graph.following.source import raised_at, source_line
from burnish.pruning.graph.following.tracker import tensors_of
from burnish.pruning.graph.following.watch import Watch, executed
from burnish.pruning.graph.graph import Graph, remaining
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.shell import shell
from burnish.pruning.graph.surgery import replay_, steps_for

_VIEWS = {torch.ops.aten.view, torch.ops.aten._unsafe_view, torch.ops.aten._reshape_alias}


class MismatchError(Exception):
    """The cut model did something else than foretold.

    Attributes:
        at: which run, how many of its firm operators had gone well, and how many views since.
        reason: what went otherwise.
        line: file and line of the user's code.
    """

    def __init__(self, run: int, place: int, views: int, reason: str, line: str) -> None:
        super().__init__(reason)
        self.at = (run, place, views)
        self.reason = reason
        self.line = line


class _Checker(Watch):
    """A context in which every operator must do what was recorded, with the removed channels left out."""

    def __init__(self, model: nn.Module, graph: Graph, records: list[Record], removed: np.ndarray, number: int) -> None:
        super().__init__(model)
        self.graph, self.removed, self.number = graph, removed, number
        self.records = records
        self.place = self.views = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = executed(func, args, kwargs)
        if func.overloadpacket in LAYOUT:
            self.views += func.overloadpacket in _VIEWS
            return output
        if self.place >= len(self.records):
            self._fail(f"{func} was not there before")
        record = self.records[self.place]
        if func is not record.operation:
            self._fail(f"{func} ran instead of {record.operation}")
        for tensor, labels, shape in zip(tensors_of([output]), record.outputs, record.shapes, strict=True):
            wanted = tuple(
                size if (kept := remaining(self.graph.atoms, dim, self.removed)) is None else kept
                for dim, size in zip(labels, shape, strict=True)
            )
            if not _alike(tuple(tensor.shape), wanted, shape):
                self._fail(f"a size is fixed: {_by(tuple(tensor.shape))} where {_by(wanted)} is needed")
        if numbers_of(func, args, kwargs) != record.numbers:
            self._fail(f"a number depends on the size: {record.numbers} became {numbers_of(func, args, kwargs)}")
        self._check_places(func, args, kwargs, record)
        self.place, self.views = self.place + 1, 0
        return output

    def _check_places(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], record: Record) -> None:
        names = [argument.name for argument in func._schema.arguments]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        for name, number, dim in record.places:
            argument: Any = given.get(name) or 0
            value = argument if number is None else argument[number]
            wanted = remaining(self.graph.atoms, dim, self.removed)
            before = 0 if dim is None else dim.shape[1]
            size = args[0].shape[given.get("dim", 0)] if name == "start" else 0
            actual = min(value + size if value < 0 else value, max(size, value))
            if actual != (before if wanted is None else wanted):
                self._fail(f"{name} is fixed: {actual} where {before if wanted is None else wanted} is needed")

    def _fail(self, reason: str) -> None:
        raise MismatchError(self.number, self.place, self.views, reason, source_line())


def _alike(actual: tuple[int, ...], wanted: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Whether sizes are as wanted; a size that has become 1 may be moved, as products of tensors do."""
    if actual == wanted:
        return True
    newly_one = wanted.count(1) > before.count(1)
    return newly_one and sorted(size for size in actual if size > 1) == sorted(size for size in wanted if size > 1)


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


class Trial:
    """Copies of a model with channels cut out, run beside what was recorded."""

    def __init__(self, model: nn.Module, graph: Graph, runs: list[Run], device: str) -> None:
        self.model, self.graph, self.runs, self.device = model, graph, runs, device

    def fault(self, groups: list[Group], beyond: tuple[int, int, int] | None = None) -> MismatchError | None:
        """The earliest fault of three random cuts; one that is not beyond a place, if one is given, is enough."""
        earliest = None
        for seed in range(3):
            fault = self.fault_of(groups, seed)
            if fault is None or (earliest is not None and earliest.at <= fault.at):
                continue
            earliest = fault
            if beyond is not None and fault.at <= beyond:
                break
        return earliest

    def fault_alone(self, group: Group) -> MismatchError | None:
        """A fault of three random cuts of one group, the first that is found."""
        return next((fault for seed in range(3) if (fault := self.fault_of([group], seed)) is not None), None)

    def fault_of(self, groups: list[Group], seed: int) -> MismatchError | None:
        """Cut random channels of each group, and find the first thing that goes otherwise than foretold."""
        draw = np.random.default_rng(seed)
        removals = []
        for place, group in enumerate(groups):
            if len(groups) > 1 and (place + seed) % 3 == 0:
                continue  # what holds only if two groups lose the same shows here
            most = max(1, min(group.count // 2, group.count - 2))
            removals.append((group, draw.permutation(group.count)[: 1 + (place + seed) % most].tolist()))
        if not removals:
            return None
        removed = np.zeros(self.graph.atoms.count, dtype=bool)
        for group, channels in removals:
            removed[group.atoms[channels].numpy()] = True
        steps = steps_for(self.model, removals)
        for number, run in enumerate(self.runs):
            cut = shell(self.model, self.device).train(run.training)
            replay_(cut, steps)
            arguments, keywords = call_arguments(cut, run.example)
            checker = _Checker(cut, self.graph, run.firm, removed, number)
            try:
                with checker, torch.device(self.device):
                    cut(*arguments, **keywords)
            except MismatchError as mismatch:
                return mismatch
            except Exception as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                return MismatchError(number, checker.place, checker.views, reason, raised_at(error))
            if checker.place < len(checker.records):
                missing = checker.records[checker.place]
                return MismatchError(
                    number, checker.place, checker.views, f"{missing.operation} did not run", missing.line
                )
        return None
