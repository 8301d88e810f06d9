"""A network as an SVG drawing: boxes in the order they run, framed by container."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from burnish.verbs.describing.boxes import Box, boxes

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount

_WIDTH = 1240
_MARGIN = 20
_TALLEST, _LOWEST = 120, 14
_WIDEST, _NARROWEST = 64, 10
_GAP = 26
_DETOUR = 9
_LETTER = 6.3
_LINE = 14
_HEAD = 56
_ABOVE, _BELOW = 46, 74
_TIMES, _TO = "\u00d7", "\u2013"
_MEANINGS = {
    "sum": "⊕ adds a path around it",
    "concatenation": "⊙ concatenates paths",
}
_STYLE = """
svg { color-scheme: light dark; --paper: #ffffff; --ink: #1c2530; --soft: #5b6773; --line: #9aa5b1; --frame: #f1f4f7;
  --edge: #cfd7df; font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) { svg { --paper: #11161d; --ink: #e6ebf0; --soft: #9aa7b4; --line: #6b7885;
  --frame: #1a222c; --edge: #34404d; } }
.paper { fill: var(--paper); } .frame { fill: var(--frame); stroke: var(--edge); }
text { fill: var(--ink); font-size: 11px; text-anchor: middle; } .soft { fill: var(--soft); }
.title { font-size: 16px; font-weight: 600; text-anchor: start; } .left { text-anchor: start; }
.flow { stroke: var(--line); stroke-width: 1.4; fill: none; } .tip { fill: var(--line); }
.knot { fill: var(--paper); stroke: var(--line); stroke-width: 1.2; }
.knotted { stroke: var(--ink); stroke-width: 1.2; }
.times { font-weight: 600; } .box { stroke: var(--paper); stroke-width: 1; }
.convolution { fill: #4a7fc1; } .linear { fill: #cf8433; } .attention { fill: #9063bd; } .recurrent { fill: #c25f86; }
.pooling { fill: #3f9d70; } .other { fill: #8792a0; } .input { fill: none; stroke: var(--soft); stroke-dasharray: 3 3; }
"""


@dataclass(frozen=True)
class _Piece:
    """A box with its place: the left end of its slot, and what is written below it."""

    box: Box | None
    slot: float
    width: float
    height: float
    lines: tuple[str, ...]
    frame: str = ""
    x: float = 0.0


def draw(name: str, inputs: Sequence[tuple[int, ...]], counts: Counts) -> str:
    """The SVG document.

    Args:
        name: of the model.
        inputs: shapes of its inputs, batch first.
        counts: of the model on them.
    """
    found = boxes(counts)
    rows = _wrapped(_pieces(found, inputs, counts))
    idle = [row for row in counts.containers + counts.layers if row.parameters and not row.used and row.name]
    notes = _notes(found, idle)
    summary = f"input {', '.join(_shape(shape) for shape in inputs)} · {_short(counts.parameters)} parameters · "
    summary += f"{_short(counts.macs)} MACs"
    widest = max(row[-1].x + row[-1].slot for row in rows) + _MARGIN
    width = math.ceil(max(widest, _LETTER * max(map(len, notes)) + 2 * _MARGIN, _LETTER * len(summary) + 2 * _MARGIN))
    height = _HEAD + len(rows) * (_ABOVE + _TALLEST + _BELOW) + _LINE * (len(notes) + 1) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" role="img" aria-labelledby="network-title network-desc">',
        f'<title id="network-title">{_safe(name)}: the network, layer by layer</title>',
        f'<desc id="network-desc">{_safe(_words(found, summary))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height:.0f}" rx="10"/>',
        f'<text class="title" x="{_MARGIN}" y="30">{_safe(name)}</text>',
        f'<text class="left soft" x="{_MARGIN}" y="48">{_safe(summary)}</text>',
    ]
    containers = {row.name: row for row in counts.containers}
    for number, row in enumerate(rows):
        top = _HEAD + number * (_ABOVE + _TALLEST + _BELOW)
        parts += _frames(row, top, containers)
        parts += _flow(row, top, first=number == 0, last=number == len(rows) - 1)
        for piece in row:
            parts += _drawn(piece, top)
    bottom = _HEAD + len(rows) * (_ABOVE + _TALLEST + _BELOW) + 4
    parts += _legend(found, bottom)
    parts += [
        f'<text class="left soft" x="{_MARGIN}" y="{bottom + _LINE * (line + 2)}">{_safe(note)}</text>'
        for line, note in enumerate(notes)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _pieces(found: list[Box], inputs: Sequence[tuple[int, ...]], counts: Counts) -> list[_Piece]:
    one_dimension = any(row.window is not None and len(row.window) == 1 for row in counts.layers)
    shapes = [box.row.output_shape or () for box in found]
    measures = [_measure(shape, one_dimension) for shape in [*inputs[:1], *shapes]]
    largest, most = (max(values) for values in zip(*measures, strict=True))
    pieces = []
    for box, (side, channels) in zip([None, *found], measures, strict=True):
        height = max(_LOWEST, _TALLEST * math.sqrt(side / largest))
        width = max(_NARROWEST, _WIDEST * math.sqrt(channels / most))
        lines = ("input", "", _shape(inputs[0])) if box is None else _lines(box)
        around = 2 * _DETOUR if box is not None and box.row.joins else 0
        slot = max(width + around, _LETTER * max(map(len, lines))) + _GAP
        pieces.append(_Piece(box, slot, width, height, lines, "" if box is None else box.parent))
    return pieces


def _measure(shape: tuple[int, ...], one_dimension: bool) -> tuple[float, int]:
    """Side of the map, and its channels, of maps, sequences and vectors alike."""
    sizes = shape[1:]
    if len(sizes) == 3:
        last = sizes[0] == sizes[1] != sizes[2]
        channels, *sides = (sizes[2], *sizes[:2]) if last else sizes
        return math.sqrt(math.prod(sides)), channels
    if len(sizes) == 2:
        length, channels = (sizes[1], sizes[0]) if one_dimension else sizes
        return math.sqrt(length), channels
    return (1.0, math.prod(sizes)) if len(sizes) < 2 else (round(math.prod(sizes[1:]) ** (1 / 3)), sizes[0])


def _lines(box: Box) -> tuple[str, ...]:
    row = box.row
    name = row.name.rpartition(".")[2] or "(model)"
    if box.times > 1:
        name += f"{_TO}{_ending(row.name, box.last)}"
    kernel = ""
    if row.window is not None:
        kernel = " " + _TIMES.join(str(window.kernel) for window in row.window)
        strides = {window.stride for window in row.window}
        kernel += f"/{max(strides)}" if strides != {1} else ""
    parameters = _short(row.parameters * box.times) if row.parameters else ""
    return (name, row.type + kernel, _shape(row.output_shape or ()), parameters)


def _ending(first: str, last: str) -> str:
    """What the last of several names adds to the first.

    >>> _ending("layers.block_1", "layers.block_12")
    '12'
    """
    one, two = first.rpartition(".")[2], last.rpartition(".")[2]
    digits = two[len(two.rstrip("0123456789")) :]
    same_stem = one.rstrip("0123456789") == two.rstrip("0123456789")
    return digits if digits and same_stem else two


def _wrapped(pieces: list[_Piece]) -> list[list[_Piece]]:
    """The pieces in rows, each with its place. A frame is at least as wide as its name."""
    spaced = []
    for frame, group in groupby(pieces, key=lambda piece: piece.frame):
        members = list(group)
        missing = _LETTER * len(frame) + 24 - sum(piece.slot for piece in members) if frame else 0
        share = max(0.0, missing) / len(members)
        spaced += [_moved(piece, piece.slot + share, 0.0) for piece in members]
    total = sum(piece.slot for piece in spaced)
    room = total / math.ceil(total / (_WIDTH - 2 * _MARGIN))  # rows of about one length
    rows: list[list[_Piece]] = [[]]
    x: float = _MARGIN
    for piece in spaced:
        if rows[-1] and x - _MARGIN + piece.slot / 2 > room:
            rows.append([])
            x = _MARGIN
        rows[-1].append(_moved(piece, piece.slot, x))
        x += piece.slot
    return rows


def _moved(piece: _Piece, slot: float, x: float) -> _Piece:
    return _Piece(piece.box, slot, piece.width, piece.height, piece.lines, piece.frame, x)


def _frames(row: list[_Piece], top: float, containers: dict[str, LayerCount]) -> list[str]:
    parts = []
    for frame, group in groupby(row, key=lambda piece: piece.frame):
        if not frame:
            continue
        members = list(group)
        left, right = members[0].x + 4, members[-1].x + members[-1].slot - 4
        sign = "".join(_MEANINGS[join][0] for join in containers[frame].joins if join in _MEANINGS)
        label = f"{frame} {sign}".strip()
        parts.append(
            f"<g><title>{_safe(f'{frame}: {containers[frame].type}')}</title>"
            f'<rect class="frame" x="{left:.1f}" y="{top + 4:.1f}" width="{right - left:.1f}" '
            f'height="{_ABOVE + _TALLEST + _BELOW - 14}" rx="8"/>'
            f'<text class="soft" x="{(left + right) / 2:.1f}" y="{top + 19:.1f}">{_safe(label)}</text></g>'
        )
    return parts


def _flow(row: list[_Piece], top: float, *, first: bool, last: bool) -> list[str]:
    """The line through the boxes, with a tip before each."""
    middle = top + _ABOVE + _TALLEST / 2
    start = row[0].x + row[0].slot / 2 if first else row[0].x
    end = row[-1].x + row[-1].slot / 2 if last else row[-1].x + row[-1].slot
    parts = [f'<path class="flow" d="M{start:.1f} {middle:.1f}H{end:.1f}"/>']
    for piece in row:
        if piece.box is not None:
            x = piece.x + (piece.slot - piece.width) / 2
            parts.append(f'<path class="tip" d="M{x - 1:.1f} {middle:.1f}l-7 -3.5v7z"/>')
    return parts


def _drawn(piece: _Piece, top: float) -> list[str]:
    centre, middle = piece.x + piece.slot / 2, top + _ABOVE + _TALLEST / 2
    left, upper = centre - piece.width / 2, middle - piece.height / 2
    kind = "input" if piece.box is None else f"box {piece.box.kind}"
    told = "the input" if piece.box is None else _told(piece.box)
    parts = [f"<g><title>{_safe(told)}</title>"]
    if piece.box is not None:
        parts += _paths(piece, centre, middle, upper)
    place = f'x="{left:.1f}" y="{upper:.1f}" width="{piece.width:.1f}" height="{piece.height:.1f}"'
    if piece.box is None:  # hides the line that runs through every box
        parts.append(f'<rect class="paper" {place}/>')
    parts.append(f'<rect class="{kind}" {place} rx="2"/>')
    if piece.box is not None and piece.box.times > 1:
        parts.append(f'<text class="times" x="{centre:.1f}" y="{upper - 5:.1f}">{_TIMES}{piece.box.times}</text>')
    below = top + _ABOVE + _TALLEST
    for number, line in enumerate(piece.lines):
        if line:
            soft = ' class="soft"' if number in (1, 3) else ""
            parts.append(f'<text{soft} x="{centre:.1f}" y="{below + _LINE * (number + 1):.1f}">{_safe(line)}</text>')
    return [*parts, "</g>"]


def _paths(piece: _Piece, centre: float, middle: float, upper: float) -> list[str]:
    """The way around a box, and the knot where it comes back."""
    assert piece.box is not None
    joins = [join for join in piece.box.row.joins if join in _MEANINGS]
    if not joins:
        return []
    start, end = centre - piece.width / 2 - _DETOUR - 1, centre + piece.width / 2 + _DETOUR
    rise = middle - upper + 18
    parts = []
    for direction in (-1, 1) if "concatenation" in joins else (-1,):
        peak = middle + direction * min(rise, _TALLEST / 2 + (4 if direction > 0 else 8))
        parts.append(
            f'<path class="flow" d="M{start:.1f} {middle:.1f}V{peak - direction * 6:.1f}'
            f"Q{start:.1f} {peak:.1f} {start + 6:.1f} {peak:.1f}H{end - 6:.1f}"
            f'Q{end:.1f} {peak:.1f} {end:.1f} {peak - direction * 6:.1f}V{middle:.1f}"/>'
        )
    parts.append(f'<circle class="knot" cx="{end:.1f}" cy="{middle:.1f}" r="5"/>')
    if "concatenation" in joins:
        parts.append(f'<circle class="tip" cx="{end:.1f}" cy="{middle:.1f}" r="1.6"/>')
    else:
        parts.append(f'<path class="knotted" d="M{end - 3:.1f} {middle:.1f}h6m-3 -3v6"/>')
    return parts


def _legend(found: list[Box], y: float) -> list[str]:
    parts = []
    x: float = _MARGIN
    for kind in dict.fromkeys(box.kind for box in found):
        parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="10" height="10" rx="2"/>')
        parts.append(f'<text class="left soft" x="{x + 15:.1f}" y="{y + 9:.1f}">{kind}</text>')
        x += 34 + _LETTER * len(kind)
    return parts


def _notes(found: list[Box], idle: list[LayerCount]) -> list[str]:
    notes = ["Height: side of the maps; width: channels (both on a square-root scale)."]
    joins = {join for box in found for join in box.row.joins if join in _MEANINGS}
    if joins:
        notes[0] += " " + "; ".join(_MEANINGS[join] for join in _MEANINGS if join in joins) + "."
    outermost = [row for row in idle if not any(row.name.startswith(f"{other.name}.") for other in idle)]
    if outermost:
        names = ", ".join(f"{row.name} ({_short(row.parameters)})" for row in outermost[:6])
        more = f" and {len(outermost) - 6} more" if len(outermost) > 6 else ""
        notes.append(f"Not drawn, since evaluation does not run it: {names}{more}.")
    return notes


def _told(box: Box) -> str:
    """Everything known of a box, for who points at it."""
    row = box.row
    name = row.name if box.times == 1 else f"{row.name} to {box.last} ({box.times} alike)"
    facts = [
        f"{name}: {row.type}" + "".join(f" + {folded}" for folded in box.folded),
        f"output {_shape(row.output_shape or ())}",
        f"{row.parameters:,} parameters, {row.macs:,} MACs" + (" each" if box.times > 1 else ""),
    ]
    if row.receptive_field:
        facts.append(f"sees {_TIMES.join(map(str, row.receptive_field))} inputs")
    return "; ".join(facts)


def _words(found: list[Box], summary: str) -> str:
    steps = [
        (f"{box.times} {_TIMES} " if box.times > 1 else "") + f"{box.row.type} to {_shape(box.row.output_shape or ())}"
        for box in found
    ]
    return f"{summary}. In order: {', '.join(steps)}."


def _shape(shape: tuple[int, ...]) -> str:
    return _TIMES.join(map(str, shape[1:])) or "scalar"


def _short(number: int) -> str:
    """A count in three digits.

    >>> _short(25_557_032), _short(950)
    ('25.6 M', '950')
    """
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _safe(text: str) -> str:
    return html.escape(text)
