"""What ``burnish describe`` found, as a table for people and plain data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from burnish.verbs.describing.outline import deepest, outline, readable_depth
from burnish.verbs.interface.table import table

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount
    from burnish.models.latency import Latency

_HEADER = ("layer", "type", "window", "output", "parameters", "MACs", "field", "stride", "memory")
_RIGHT = ("parameters", "MACs", "memory")
_OFTEN_EMPTY = ("window", "field", "stride")
_ARITHMETIC = "(N + 2P - F)/S + 1"


@dataclass(frozen=True)
class Description:
    """A model, layer by layer, for one input.

    Args:
        name: what was described.
        inputs: shapes of the input's tensors, batch first.
        counts: totals and a row a layer; see :class:`burnish.models.Counts`.
        notes: what a user should be told once.
        latency: measured time of one forward, where it was asked for.
    """

    name: str
    inputs: tuple[tuple[int, ...], ...]
    counts: Counts
    notes: tuple[str, ...] = ()
    latency: Latency | None = None

    @property
    def rows(self) -> tuple[LayerCount, ...]:
        """The layers in the order they ran."""
        return self.counts.layers

    @property
    def totals(self) -> dict[str, Any]:
        """The numbers of the whole model."""
        numbers = asdict(self.counts)
        del numbers["layers"], numbers["containers"]
        return numbers

    def table(self, depth: int | Literal["auto", "all"] = "auto") -> str:
        """The rows and totals as text.

        Args:
            depth: levels of containers to open; ``auto`` opens as many as leave a table that can be read, ``all`` shows
                every layer.
        """
        levels = {"auto": readable_depth(self.counts), "all": None}[depth] if isinstance(depth, str) else depth
        cells = [_cells(row) for row in outline(self.counts, levels)]
        shown = [
            place for place, name in enumerate(_HEADER) if name not in _OFTEN_EMPTY or any(row[place] for row in cells)
        ]
        header = [_HEADER[place] for place in shown]
        lines = [table(header, [[row[place] for place in shown] for row in cells], right=_RIGHT), ""]
        total = deepest(self.counts)
        if levels is not None and levels < total:
            lines += [f"shown to depth {levels} of {total}: --depth all shows every layer", ""]
        return "\n".join([*lines, *self._totals()])

    def _totals(self) -> list[str]:
        counts = self.counts
        asides = []
        if counts.used < counts.parameters:
            asides.append(f"{counts.used:,} used in evaluation")
        if counts.trainable < counts.parameters:
            asides.append(f"{counts.parameters - counts.trainable:,} frozen")
        lines = [
            f"{self.name} on {', '.join(map(_sizes, self.inputs))}",
            f"parameters   {counts.parameters:,}" + (f" ({', '.join(asides)})" if asides else ""),
            f"MACs         {counts.macs:,} ({_scaled(counts.macs)})",
            f"memory       {_bytes(counts.parameter_bytes)} parameters, {_bytes(counts.activation_bytes)} activations",
        ]
        checked = [row for row in self.rows if row.expected_size is not None]
        if checked and all(row.agrees for row in checked):
            layers = "the one layer" if len(checked) == 1 else f"all {len(checked)} layers"
            lines.append(f"sizes        as {_ARITHMETIC} gives for {layers} with a window")
        lines += [
            f"sizes        {row.name or '(model)'} ran to {_run_size(row)} where {_ARITHMETIC} of its window gives "
            f"{_sizes(row.expected_size or ())}: it does more than its window says"
            for row in checked
            if not row.agrees
        ]
        if self.latency is not None:
            lines.append(f"latency      {self.latency} ({_threads(self.latency.threads)}, {self.latency.device})")
        return lines + [f"note         {note}" for note in self.notes]

    def svg(self) -> str:
        """A drawing of the network, as an SVG document for light and dark backgrounds."""
        from burnish.verbs.describing.drawing import draw

        return draw(self.name, self.inputs, self.counts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return {
            "verb": "describe",
            "subject": self.name,
            "inputs": [list(shape) for shape in self.inputs],
            **self.totals,
            "latency_ms": None if self.latency is None else asdict(self.latency),
            "notes": list(self.notes),
            "sizes_that_disagree": [row.name for row in self.rows if not row.agrees],
            "layers": [asdict(row) for row in self.rows],
            "containers": [asdict(row) for row in self.counts.containers],
        }

    def __str__(self) -> str:
        return self.table()


def _cells(row: LayerCount) -> tuple[str, ...]:
    output = _sizes(row.output_shape) if row.output_shape is not None else "in its parent" if row.used else "not run"
    counted = [f"{number:,}" if number else "" for number in (row.parameters, row.macs)]
    seen = [_square(sizes) if sizes else "" for sizes in (row.receptive_field, row.stride)]
    memory = _bytes(row.activation_bytes) if row.activation_bytes else ""
    kind = row.type if row.calls < 2 else f"{row.type}, {row.calls} calls"
    return (row.name or "(model)", kind, _window(row), output, *counted, *seen, memory)


def _window(row: LayerCount) -> str:
    """Kernel, stride, padding and dilation, where they are more than nothing: ``7x7 s2 p3``."""
    if row.window is None:
        return ""
    kernel = _sizes(tuple(window.kernel for window in row.window))
    rest = {
        "s": [window.stride for window in row.window],
        "p": [window.padding for window in row.window],
        "d": [window.dilation for window in row.window],
    }
    usual = {"s": 1, "p": 0, "d": 1}
    told = [f"{letter}{_square(values)}" for letter, values in rest.items() if set(values) != {usual[letter]}]
    return " ".join([kernel, *told])


def _run_size(row: LayerCount) -> str:
    assert row.output_shape is not None
    assert row.expected_size is not None
    return _sizes(row.output_shape[-len(row.expected_size) :])


def _square(sizes: Sequence[float]) -> str:
    """One number where all are the same.

    >>> _square((7, 7)), _square((5, 3)), _square((0.5, 0.5))
    ('7', '5x3', '0.5')
    """
    return _sizes(sizes[:1] if len(set(sizes)) == 1 else sizes)


def _sizes(sizes: Sequence[float]) -> str:
    return "x".join(f"{size:.4g}" if isinstance(size, float) else str(size) for size in sizes) or "scalar"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _scaled(macs: int) -> str:
    """A count in the unit that papers use.

    >>> _scaled(40_551_040)
    '40.55 MMACs'
    """
    return f"{macs / 1e9:.4g} GMACs" if macs >= 1e9 else f"{macs / 1e6:.4g} MMACs"


def _bytes(number: int) -> str:
    """Memory in the largest binary unit that leaves a digit before the point.

    >>> _bytes(2048)
    '2.0 KiB'
    """
    size = float(number)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
