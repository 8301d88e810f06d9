"""What ``burnish describe`` found, as a table for people and plain data for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from burnish.verbs.interface.table import table

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount
    from burnish.models.latency import Latency

_HEADER = ("layer", "type", "output", "parameters", "MACs", "field", "stride", "memory")
_RIGHT = ("parameters", "MACs", "memory")


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
        del numbers["layers"]
        return numbers

    def table(self) -> str:
        """The rows and totals as text."""
        lines = [table(_HEADER, [_cells(row) for row in self.rows], right=_RIGHT), ""]
        counts = self.counts
        frozen = counts.parameters - counts.trainable
        lines += [
            f"{self.name} on {', '.join(map(_sizes, self.inputs))}",
            f"parameters   {counts.parameters:,}" + (f" ({frozen:,} frozen)" if frozen else ""),
            f"MACs         {counts.macs:,} ({_scaled(counts.macs)})",
            f"memory       {_bytes(counts.parameter_bytes)} parameters, {_bytes(counts.activation_bytes)} activations",
        ]
        if self.latency is not None:
            lines.append(f"latency      {self.latency} ({_threads(self.latency.threads)}, {self.latency.device})")
        lines += [f"note         {note}" for note in self.notes]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return {
            "verb": "describe",
            "subject": self.name,
            "inputs": [list(shape) for shape in self.inputs],
            **self.totals,
            "latency_ms": None if self.latency is None else asdict(self.latency),
            "notes": list(self.notes),
            "layers": [asdict(row) for row in self.rows],
        }

    def __str__(self) -> str:
        return self.table()


def _cells(row: LayerCount) -> tuple[str, ...]:
    output = "not run" if row.output_shape is None else _sizes(row.output_shape)
    counted = [f"{number:,}" if number else "" for number in (row.parameters, row.macs)]
    seen = [_sizes(sizes) if sizes else "" for sizes in (row.receptive_field, row.stride)]
    memory = _bytes(row.activation_bytes) if row.activation_bytes else ""
    return (row.name or "(model)", row.type, output, *counted, *seen, memory)


def _sizes(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes)) or "scalar"


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
